// Runs a real Bluesky network on loopback and prints one JSON line when it answers.
//
//   NETWORK=full   PLC + PDS + bsync + AppView + Ozone; needs DB_POSTGRES_URL and REDIS_HOST
//   NETWORK=pds    PLC + PDS only: writing, signing in, limits and errors, but no search, counts, notifications
//   RATE_LIMITS=1  turns the PDS's real rate limiter on
//
// Read by Node from standard input in the folder of node_modules, since modules are looked for from there.
// Stops on SIGTERM or SIGINT.
import { once } from 'node:events'
import net from 'node:net'

// The servers would listen on every address of the machine; a test rig answers on loopback only.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  const port = typeof first === 'object' && first !== null ? first.port : first
  if (Number.isInteger(port)) {
    return listen.call(this, { port, host: '127.0.0.1' }, ...rest.filter((one) => typeof one === 'function'))
  }
  return listen.call(this, first, ...rest)
}

const { TestNetwork, TestNetworkNoAppView, mockMailer } = await import('@atproto/dev-env')

const started = Date.now()
const pds = {
  hostname: 'localhost',
  enableDidDocWithSession: true,
  rateLimitsEnabled: process.env.RATE_LIMITS === '1',
}
const light = process.env.NETWORK === 'pds'
// A schema's name may hold letters and underscores only.
const schema = `run_${[...String(started)].map((digit) => 'abcdefghij'[digit]).join('')}`
const network = light
  ? await TestNetworkNoAppView.create({ pds })
  : await TestNetwork.create({ pds, dbPostgresSchema: schema })
mockMailer?.(network.pds)

console.log(
  JSON.stringify({
    pds: network.pds.url,
    appview: network.bsky?.url ?? null,
    plc: network.plc.url,
    started_s: (Date.now() - started) / 1000,
  }),
)
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
setTimeout(() => process.exit(0), 5000).unref()
await network.close().catch((error) => console.error('close:', error.message))
process.exit(0)
