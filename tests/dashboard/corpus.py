"""Texts that would like to be more than text."""

HOSTILE = (
    "<script>window.hacked = 1</script>",
    "</textarea><script>window.hacked = 2</script>",
    "</title></style></script><script>window.hacked = 3</script>",
    "<img src=x onerror='window.hacked = 4'>",
    '"><svg/onload=window.hacked=5>',
    "' onmouseover='window.hacked=6' x='",
    '" autofocus onfocus="window.hacked=7" x="',
    "javascript:window.hacked=8",
    "data:text/html,<script>window.hacked=9</script>",
    "<a href='javascript:window.hacked=10'>click</a>",
    "<iframe srcdoc='<script>parent.hacked=11</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=javascript:window.hacked=12'>",
    "<form action=https://evil.example><button>Approve</button></form>",
    "{{ 7*7 }}{% for x in y %}${7*7}#{7*7}{{ token }}",
    "&lt;script&gt;window.hacked=13&lt;/script&gt; &#60;b&#62;",
    "<!-- --!><script>window.hacked=14</script>",
    "\u202eevil\u202c \u2066nested\u2069 \u202eRTL",
    "null \x00 bell \x07 escape \x1b[31m del \x7f",
    "<base href=https://evil.example/><link rel=stylesheet href=//evil.example/x.css>",
    "z\u0351\u036b\u0313" * 50 + "word" * 2_500,
    "line\r\nline\u2028line\u2029<details open ontoggle=window.hacked=15>",
)
"""Each would run, lead away, or break the page somewhere if it were not only text."""
