"""The words that sites say of themselves: in marks, classes, roles, and the keys of their answers. Nobody's own.

Collected from the recordings of `bench/data/x`, from the rehearsal network's pages and from the roles and types of
HTML. A mark that is made of them alone says what a thing is; one with any other word in it may say whose it is.
"""

from __future__ import annotations

_TEXT = """
    access account act action actions acts add additional affiliates after alert alertdialog all allow alt animation
    announcement answered answers app application args arm armed arrow article aside aspect assertive at attach
    audience audio authenticity author auto autoplay availability available avatar back bad badge banner bar binding
    bio birdwatch bitcoin bitrate block blocked blocking blue body bookmark bookmarked boolean bottom bounding box
    brand broadcast business button buttons by cache callbacks can canonical card cards caret carousel cash category
    cell channel checkbox classic clear client clip close code color column combobox community complementary
    component compose composer condensed config container content contentinfo context control controller
    conversation conversationthread coordinates core count counter countries country counts cover create created css
    cursor custom data date deduplication default delete deleted description desk detail details device dialog
    direct direction dispensable display div dm document download drafts drawer dropdown duration edit editable
    edits element eligibility eligible email emoji empty enable enabled end entities entity entries entry error
    errors ethereum event expand expandable expanded explore ext extended extension extensions face faces false fast
    favorite favorited favorites favourites feature features feed feedback field fields figure file first floating
    focus follow followed follower followers following footer form frame friends full fullscreen general generic geo
    gif global graduated green grid gridcell grok group guest h handle has hashtags header heading height hero
    hidden highlighted highlights hint home hover https icon id ids image images img in index indicator indices info
    initial injection injections inline inner input instructions interactive interstitial invite is item items
    javascript jobs key kind label landing lang language large last layer layers layout legacy less lifecycle like
    limited line link list listbox listed listitem lists live loading location locations log logged login logo
    logout ltr main mask me media medium member members mentions menu menubar menuitem menuitemradio message
    messageprompt messages metadata meter method millis mini modal moderated modified module modules monetizable
    monetization month more msecs multipart mute muting name nav navigation new next nofollow none noopener
    noreferrer normal note notes nothing notice notification notifications ntab number object objects off older on
    option options orig original out overflow overlay page palette panel params password path patreon percentage
    permalink permissions perspective perspectives photo picture pictures pill pin pinned pivot place placeholder
    placement platform play player polite poll polygon popular possibly post poster premium presentation prev
    preview previous primary privacy problem professional profile progress progressbar promote promoted prompt
    protected published quality query quick quiet quote quoted radio radiogroup rail range ratio raw react reactions
    recent recommendation rects red ref refs region related relationship remaining remove replay replies reply
    report repost request reset resize response rest result results retry retweet retweeted retweets rgb rich
    richtext root row rowgroup rtl said save schedule scheme screen scribe scroll scrollbar search searchbox
    searching secs section seek send sensitive sent separator set settings shape share sheet show showmore
    showmorethreads showspam side sidebar signin signup sizes skeleton skip slider small snackbar social sort source
    space spaces spelling spinbutton spinner start state static status statuses step sticky str string stylesheet
    submit subscribe suggestion summary super switch switcher symbols tab table tablist tabpanel tabs tag tags tail
    tel template terminate text textarea textbox thread threaded thumb thumbnail time timeline timelines timer
    timestamps tipjar title to toast toggle token tombstone toolbar tooltip top topic topics trace tracing tracking
    transition translatable translated translation translator treatment tree treeitem trend trending trends true
    truth tweet tweetdetail tweetdetailrelatedtweets tweets type typeahead typename unavailable unbookmark unfollow
    unified unlike unmention unmute unpin unretweet until up update updated upload upsell url urls urt user users v
    value values variables variant variants venmo verification verified version vertical video view viewer viewport
    views volume w want warning website week when who width with withheld words wrapper x y
"""
WORDS = frozenset(_TEXT.split())
"""Each in small letters; a single letter is one only where it stands alone."""
