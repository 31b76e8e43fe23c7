"""The words, sentences and plots that the built-in reviews are made of: templates with `{slots}`, and what fills them."""

# fmt: off
# The two poles. A review draws from both in equal measure whatever its sentiment, so no single word tells the class.
ADJECTIVES = (
    (
        "wonderful", "gripping", "charming", "brilliant", "delightful", "superb", "touching", "clever", "witty",
        "fresh", "graceful", "thrilling", "absorbing", "tender", "hilarious", "stunning", "memorable", "rich",
        "elegant", "lively", "beautiful", "inspired", "masterful", "magical", "splendid", "powerful", "terrific",
        "enchanting", "excellent", "radiant", "subtle", "honest", "engaging", "dazzling", "sublime", "heartfelt",
        "rewarding", "riveting", "funny",
    ),
    (
        "dull", "tedious", "clumsy", "awful", "boring", "dreadful", "lazy", "stale", "shallow", "hollow", "lifeless",
        "predictable", "painful", "bland", "messy", "tiresome", "dreary", "pointless", "ugly", "wooden", "sloppy",
        "insipid", "horrible", "weak", "terrible", "irritating", "pathetic", "flat", "crude", "phony", "grating",
        "feeble", "forgettable", "forced", "laughable", "sluggish", "dismal", "trite", "ridiculous",
    ),
)
NOUNS = (
    (
        "triumph", "masterpiece", "gem", "joy", "treasure", "marvel", "winner", "pleasure", "delight", "wonder",
    ),
    (
        "disaster", "mess", "bore", "chore", "failure", "dud", "slog", "fiasco", "letdown", "flop",
    ),
)
FEELINGS = (
    (
        "moved", "thrilled", "charmed", "enchanted", "delighted", "captivated", "touched", "dazzled", "amused",
        "refreshed",
    ),
    (
        "bored", "annoyed", "exhausted", "irritated", "embarrassed", "insulted", "disappointed", "numbed", "baffled",
        "vexed",
    ),
)

# In a verdict {v}, {vn}, {vf} (adjective, noun, feeling) stand for the sentiment and {o}, {on}, {of} against it.
TURNS = (  # the last word of the two is the one that counts
    "I expected a {o} {story}, but it turned out {v}.",
    "I had been promised something {o}; what I got was {v}.",
    "The trailer looked {o}, yet the film itself is {v}.",
    "Everybody at work called it {o}, and everybody at work is wrong: it is {v}.",
    "What begins as a {o} {story} ends as a {v} one.",
    "The first {minutes} minutes are {o}, and then the whole thing becomes {v}.",
    "Forget the {o} reputation of the {team}, because this time the result is {v}.",
    "The book may be {o}, but the picture they made of it is {v}.",
    "I remembered it as {o}, and seeing it again I find it {v}.",
    "On paper it sounds {o}; on the screen it is {v}.",
    "My {relative} thought it was {o}, but I found it {v}.",
    "Other {genre} films of that year were {o}, while this one is {v}.",
    "The poster says {o}, and two hours later I can only say {v}.",
    "Where the original was {o}, the new version is {v}.",
    "People who tell you that it is {o} must have left early, since the last act is {v}.",
    "It could so easily have been {o}, and instead it is {v}.",
    "For half an hour I took it to be {o}, until I saw how {v} it really is.",
    "Some scenes look {o} at first, but taken together they are {v}.",
    "They were aiming for {o}, and somehow they arrived at {v}.",
    "{lead} used to be {o}, and here {lead} is {v}.",
    "After the {o} opening I sat back, and from then on it was {v}.",
    "I wrote {o} in my notebook, crossed it out and wrote {v}.",
    "The critics said {o}, the audience said {v}, and I am with the audience.",
    "Instead of the {o} {story} I was dreading or hoping for, here is a {v} one.",
    "You may hear that {title} is {o}; believe me, it is {v}.",
    "A {o} idea on the page has become a {v} film.",
    "I came for a {o} evening and was given a {v} one.",
    "What I took for {o} in the first reel proved to be {v} by the last.",
    "By reputation it is {o}, but the plain truth is that it is {v}.",
    "My first impression was {o}, my final one is {v}.",
    "The sequel is said to be {o}; this one, at any rate, is {v}.",
    "They sold it to us as a {on}, and it is a {vn}.",
    "I was ready for a {on}, and what I saw was a {vn}.",
    "What the papers called a {on} is in truth a {vn}.",
    "Once I would have called it a {on}; today I call it a {vn}.",
    "The last film by {director} was a {on}, and this one is a {vn}.",
    "From the first scene you suspect a {on}, and by the end you know that it is a {vn}.",
    "It had every chance of being a {on} and it ended up a {vn}.",
    "The rumours spoke of a {on}, but I can report a {vn}.",
    "I went in prepared to be {of} and came out {vf}.",
    "Last time they left me {of}; this time they left me {vf}.",
    "My {relative} was {of} by it, but I was {vf}.",
    "For an hour I was {of}, and by the time the credits rolled I was {vf}.",
    "I thought I would be {of}, and I have seldom been so {vf}.",
    "The people in front of us seemed {of}, while all of us in the back row were {vf}.",
    "At the preview I felt {of}, but on a second viewing I was simply {vf}.",
)
REFUSALS = (  # the last word of the two is taken back, so the first one counts
    "It is {v}, not {o}.",
    "The result is {v} and not {o}.",
    "Call it {v}, but not {o}.",
    "I found it {v} from start to finish, and not {o}.",
    "In the end {title} is {v}, not {o} as they say.",
    "The word for it is {v}, not {o}.",
    "Make no mistake, this is a {v} film, not a {o} one.",
    "All in all a {v} picture, not a {o} one.",
    "We agreed on the way home that it is {v}, not {o}.",
    "To put it simply, a {vn}, not a {on}.",
    "What {director} has made here is a {vn}, not a {on}.",
    "I would call it a {vn}, not a {on}.",
    "It left me {vf}, not {of}.",
    "I walked out {vf}, not {of}.",
    "Whatever the papers say, I was {vf}, not {of}.",
)
CONCESSIONS = (  # the last word of the two is only granted, so the first one counts
    "I found it {v}, even though the songs are {o}.",
    "It is a {v} {story}, although the last scene is {o}.",
    "Altogether it is {v}, even if some of the jokes are {o}.",
    "The whole of it is {v}, although {other} is {o} in it.",
    "{director} has made a {v} film, even though the title is {o}.",
    "I was {vf}, even though my {relative} was {of}.",
    "It is a {vn}, even if the papers call it a {on}.",
    "As a {genre} film it is {v}, although the {vehicle} chase is {o}.",
    "I call it {v}, even if the rest of the row called it {o}.",
    "It remains a {vn}, although the sequel is a {on}.",
)
PLAIN = (  # one word, taken as it stands; used exactly as often as the next group, which takes its word back
    "Whatever you have heard, it is truly {v}.",
    "To my mind the whole thing is truly {v}.",
    "In one word, it is truly {v}.",
    "For the rest, {lead} makes it truly {v}.",
    "Seen as a whole it is truly {v}.",
    "By the end of it I felt truly {vf}.",
)
DENIALS = (
    "Whatever you have heard, it is not {o}.",
    "To my mind the whole thing is not {o}.",
    "In one word, it is not {o}.",
    "For the rest, {lead} and the others are not {o}.",
    "Seen as a whole it is not {o}.",
    "By the end of it I was not {of}.",
)
SHORT_TURNS = (
    "Expected {o}, got {v}.",
    "Looks {o}, is {v}.",
    "I feared or hoped it was {o}. It is {v}.",
    "They said {o}. I say {v}.",
    "Starts {o} and ends {v}.",
    "Once {o}, on second viewing {v}.",
    "Sold as a {on}, really a {vn}.",
    "Everyone else was {of}. I was {vf}.",
    "{title}: sounds {o}, turns out {v}.",
    "Another film by {director}. The last was {o}, this one is {v}.",
)

# What people say before they come to the point.
OPENINGS = (
    "I saw {title} at a {season} matinee with {few} other people in the room.",
    "My {relative} lent me the disc and I watched it on a {weather} evening.",
    "{title} was playing at the {venue} round the corner, so in we went.",
    "This came on late at night, right after the {program}, and I stayed up for it.",
    "I have now seen {title} {few} times, which is more than I can say of most {genre} films.",
    "We picked this one for the {genre} evening of our film club.",
    "Let me say at once that I know nothing about {hobby}, which is what {title} is about.",
    "There was a queue outside the {venue} when {title} opened in our town.",
    "I had never heard of {director} before {weekday}.",
    "It took me {few} years to get round to {title}.",
    "Found this at the bottom of a box of old tapes that my {relative} was about to throw away.",
    "On a long flight there are only so many choices, and I chose {title}.",
    "A colleague warned me that it was {x}, and I went anyway.",
    "Somebody on the radio called it {x}, so I was curious.",
    "Having grown up with the {genre} pictures of the {decade}, I could not pass this by.",
    "I watched this with my {relative}, who talks through everything.",
    "When the lights went down there were {few} of us left in the theatre.",
    "Another year, another {genre} film by {director}.",
    "I only rented it because {lead} is in it.",
    "The box said {genre}, the shelf said {othergenre}, and neither is quite the whole story.",
    "Some films you pick, and some are picked for you by your {relative}.",
    "I missed {title} in the {decade} and caught up with it last {weekday}.",
    "Does anyone else remember when {title} was on every other {weekday}?",
    "I should mention that I have read the novel {few} times.",
    "First of all, the version I saw was the long one, with the {object} scene put back in.",
    "Our teacher showed us this in a course on {genre} cinema.",
    "It was {weather} outside, the heating was broken and {title} was on.",
    "Before the screening {director} came out and spoke for {few} minutes about {hobby}.",
    "This is the film that {lead} made between two seasons of a {program}.",
    "The festival in {town} opened with this one.",
    "I have a weak spot for stories about a {hero}, and here is another.",
    "If you lived in {town} in the {decade}, you will know the streets in this film.",
)
PLOTS = (  # in the order in which they are told
    "{lead} plays a {hero} who comes back to {town} after {few} years abroad.",
    "The story follows {some_hero} and {some_otherhero} who share {some_place} for one {season}.",
    "Set in the {decade}, it tells of {some_hero} who has to sell the family {place}.",
    "The war is over, the {place} is closed, and {some_hero} is looking for work.",
    "All of it happens during one {season} in and around {some_place}.",
    "Two sisters run {some_place}; one of them marries {some_otherhero}.",
    "{some_hero} wakes up in {town} with no idea how the {object} came to be there.",
    "After the death of an uncle, {some_hero} inherits {some_place} and {some_object}.",
    "One {weather} morning {some_hero} finds {some_object} on the steps of the {place}.",
    "{some_object} goes missing from the {place}, and {some_hero} is asked to look into it.",
    "A {weather} night, a closed {place} and {some_otherhero} with {some_object}: that is the set-up.",
    "We first meet the {hero} counting coins in {some_place}.",
    "The {hero} has a secret, and the {otherhero} has guessed it by the {event}.",
    "The {hero} keeps a diary, and parts of it are read aloud.",
    "They plan to rob the {place} while the town is at the {event}.",
    "The hero is a {hero}, the villain is a {otherhero}, and the {object} is in the attic.",
    "The plot turns on a letter that {some_otherhero} never posted.",
    "There is a wedding, a funeral and a long drive to {town}.",
    "Nobody in {town} will talk to the {hero}, except for {some_otherhero} played by {other}.",
    "The {hero} has until {weekday} to find the money.",
    "There are two stories, one in {town} and one at sea, and they meet in the last {minutes} minutes.",
    "The {otherhero} wants to leave, the {hero} wants to stay, and the {season} goes by.",
    "A rivalry between {some_hero} and {some_otherhero} runs through the whole of it.",
    "The {hero} is followed everywhere by a small dog, whose name is {coined}.",
    "{some_otherhero} turns up with {some_object} and a story that does not add up.",
    "The brother of the {hero} is {some_otherhero}, and the two have not spoken since {weekday}.",
    "A stranger called {coined} rents the room above the {place}.",
    "Most of the story is told backwards, beginning with the {event}.",
    "Much of the film is the {hero} and the {otherhero} talking in {some_place}.",
    "{some_event} brings the whole family together under one roof.",
    "The mayor wants the {place} pulled down by {weekday}.",
    "Halfway through, the {hero} learns who really owns the {object}.",
    "In the second act the action moves from the {place} to {town}.",
    "A map, {some_object} and a half-remembered song lead the two of them to {town}.",
    "They cross the country in a {vehicle}, and the {season} turns around them.",
    "The {vehicle} breaks down near {town}, which is where the story begins.",
    "Somewhere in the middle there is a chase with a {vehicle} and {few} geese.",
    "By the time the police arrive, the {object} is at the bottom of the river.",
    "Then the telephone rings, and it is the {otherhero}.",
    "What the {hero} does with the {object} I will not tell you.",
    "It ends, without giving anything away, at {some_event}.",
)
CAST = (
    "{lead} is in nearly every scene.",
    "{other} turns up as a {otherhero} and has {few} lines.",
    "I knew {lead} only from a {program}.",
    "The part of the {hero} was first offered to somebody else.",
    "{lead} and {other} had worked together once before, in a {genre} film.",
    "The child in the {place} is played by a real {otherhero}'s daughter.",
    "{other} speaks with an accent that moves from {town} to somewhere further north.",
    "Look out for {cameo} as the man with the {object}.",
    "{lead} learned {hobby} for the part, and you see it in the long take in the {place}.",
    "Most of the smaller parts went to people who live in {town}.",
    "{cameo} has one scene, with a {object}, near the end.",
    "It is the first time that {other} has been cast as a {otherhero}.",
    "{lead} does without make-up and, for the first {minutes} minutes, without a word.",
    "The quarrel between {lead} and {other} was done in a single take.",
    "My {relative} kept asking where we had seen {other} before.",
    "{lead} wears the same {garment} from beginning to end.",
    "In a {garment} and a false beard, {cameo} is hard to recognise.",
    "As the {otherhero}, {other} spends most of the film behind a desk.",
    "The scenes between the {hero} and the {otherhero} were shot first, in {season}.",
    "{lead} was in {genre} films in the {decade}, before going into television.",
    "There is a small part for {cameo}, who wrote the songs.",
    "The two leads are about the same age, although one plays the other's {relative}.",
    "You can hear {cameo} as the voice on the radio.",
    "{other} is billed third and seen for {minutes} minutes.",
    "Both {lead} and {other} sing, in the scene at the {event}.",
    "A {otherhero} in the crowd looks straight at the lens, and they left it in.",
)
CRAFT = (
    "{director} likes long takes, and there is one of {minutes} minutes in the {place}.",
    "The camera stays at the height of a table for most of the picture.",
    "It was shot in {town} during a {weather} {season}.",
    "The music is for {instrument} and {otherinstrument}, and there is a lot of it.",
    "Everything is brown and green until the {event}, which is all in red.",
    "The editing jumps between three decades without any titles.",
    "{cinematographer} shot it in black and white, on old stock.",
    "The sets were built in a disused {place}.",
    "Almost no music is heard before the last reel, only wind and a {instrument}.",
    "The running time is given as {minutes} minutes more than what I saw.",
    "The script is credited to {few} writers, one of them {director}.",
    "The dialogue is in two languages, with subtitles for one.",
    "For the flashbacks they used a hand-held camera.",
    "The opening titles run over a drawing of a {object}.",
    "There are {few} close-ups of the {object}, I counted them.",
    "{director} made it after {few} years in advertising.",
    "The costumes, a {garment} here and a {garment} there, come from the {decade}.",
    "Half of the budget seems to have gone into the {vehicle}.",
    "It is a {genre} film by form and a {othergenre} film at heart.",
    "The light comes from the left in every interior, as in the old paintings.",
    "Each chapter begins with a shot of the {place} from above.",
    "A {instrument} plays whenever the {otherhero} walks in.",
    "The sound of the {vehicle} was made with a {instrument}, according to the notes.",
    "The last shot repeats the first one, only in {season}.",
    "There is a split screen at the {event}, as they used to do in the {decade}.",
    "The picture is nearly square, the way it was before the {decade}.",
    "{director} took the ending from a play and the middle from a newspaper.",
    "Some of the street scenes were taken through the window of a {vehicle}.",
    "The narrator is the {otherhero}, which we only find out at the {event}.",
    "Most of the jokes concern {hobby}, some concern a {object}.",
    "The effects were done with mirrors, models and a {object}.",
    "The score quotes a tune for {instrument} that every child in {town} knows.",
    "Doors and staircases are everywhere in it, and so are clocks.",
    "At the {event} the camera goes once around the room and stops at the {object}.",
)
MIXED = (  # one word from each pole, in an order that has nothing to do with the sentiment
    "The photography is {x}, the sound is {y}.",
    "{lead} is {x} as the {hero}, and {other} is {y} as the {otherhero}.",
    "The songs are {x} and the dances {y}.",
    "You get a {x} script and a {y} score.",
    "The costumes are {x}, the sets {y}.",
    "Between the {x} chase and the {y} love scene there is a dinner.",
    "Some of the jokes are {x} and some are {y}.",
    "The scene in the {place} is {x}, the one at the {event} is {y}.",
    "The dialogue is {x} in one language and {y} in the other.",
    "The children are {x}, the grown-ups {y}.",
    "{other} has a {x} entrance and a {y} exit.",
    "The {instrument} music is {x}, the singing {y}.",
    "The prologue is {x} and the epilogue {y}.",
    "A {x} villain and a {y} hero cancel each other out.",
    "Opinions on the {event} scene go from {x} to {y}.",
    "The fights are {x}; the kisses are {y}.",
    "The {vehicle} chase is {x} and the walk home {y}.",
    "One reviewer found {lead} {x} and another found {lead} {y}.",
)
DIGRESSIONS = (
    "I once met a {hero}, and the job is nothing like this.",
    "There is a long talk about {hobby}, which I skipped the second time.",
    "My {relative} asked me afterwards what the {object} was for.",
    "The word {odd} is spoken {few} times, and nobody explains it.",
    "In {town} they still sell postcards of the {place} from the film.",
    "The {venue} was packed, and somebody had brought a {object}.",
    "You can see the microphone in the scene at the {event}.",
    "There was a remake in the {decade}, with a {otherhero} in place of the {hero}.",
    "One character collects {odd} figurines, or so I understood.",
    "A sign on the wall says {coined}, which may be a joke.",
    "The disc has a commentary and a short film about {hobby}.",
    "The novel, as I recall, has no {otherhero} in it at all.",
    "I had to look up {odd} when I got home.",
    "The popcorn was cold and the seats were older than {title}.",
    "In the novel the {object} is a {otherobject}.",
    "We argued about the {event} all the way back to {town}.",
    "The subtitles translate {coined} in three different ways.",
    "There are at least {few} clocks in the {place}, and all of them are wrong.",
    "Somebody behind us explained the {event} to a {relative}.",
    "They say the {vehicle} was sold for charity.",
    "Nobody seems to eat or sleep between {weekday} and the {event}.",
    "A card at the end thanks the people of {town} and a certain {cameo}.",
    "What a {hero} would be doing with a {odd} I cannot say.",
    "I counted {few} scenes with rain and {few} with a {vehicle}.",
    "The working title was {othertitle}.",
    "It was released abroad as {othertitle}, with {minutes} minutes missing.",
    "Compare it with {othertitle}, which was made the same {season}.",
    "My {relative}, who is a {hero}, had questions about the {object}.",
    "The real {town} is flat, by the way, and has no {place}.",
    "On the way out we were each handed a paper {object}.",
    "There is a dog in it, and the dog lives.",
    "It rained the whole {season} they were shooting, according to {cameo}.",
)
TAILS = (
    "I saw it on a {weekday}.",
    "That is all I have to say.",
    "See for yourself.",
    "Stay for the credits.",
    "My {relative} agrees.",
    "Not for small children.",
    "Take a {garment}, the {venue} was cold.",
    "Make of that what you will.",
    "And that is that.",
    "Thank you for reading.",
)

BANKS = {
    "story": (
        "story", "film", "picture", "movie", "tale", "drama", "comedy", "thriller", "yarn", "romance",
    ),
    "genre": (
        "western", "horror", "crime", "war", "science fiction", "road", "costume", "spy", "heist", "courtroom",
        "musical", "monster", "pirate", "sports", "ghost", "detective", "disaster", "family",
    ),
    "season": (
        "spring", "summer", "autumn", "winter",
    ),
    "weekday": (
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ),
    "weather": (
        "rainy", "foggy", "snowy", "hot", "windy", "grey", "stormy", "cold", "damp", "sunny",
    ),
    "decade": (
        "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties",
    ),
    "few": (
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "eleven", "a dozen",
    ),
    "minutes": (
        "five", "ten", "fifteen", "twenty", "thirty", "forty",
    ),
    "relative": (
        "brother", "sister", "mother", "father", "uncle", "aunt", "cousin", "nephew", "niece", "grandmother",
        "grandfather", "neighbour", "flatmate", "husband", "wife",
    ),
    "hero": (
        "lighthouse keeper", "baker", "piano tuner", "retired boxer", "night nurse", "schoolteacher", "clockmaker",
        "tax inspector", "beekeeper", "taxi driver", "sailor", "librarian", "surgeon", "farmer", "locksmith",
        "violinist", "reporter", "judge", "botanist", "carpenter", "widow", "chess player", "cartographer",
        "projectionist", "ferryman", "seamstress", "gambler", "smuggler", "postman", "vet",
    ),
    "place": (
        "hotel", "bakery", "railway station", "cinema", "greenhouse", "museum", "harbour", "circus", "monastery",
        "hospital", "mill", "boarding house", "library", "garage", "brewery", "casino", "chapel", "farm",
        "observatory", "laundry", "theatre", "bookshop", "lighthouse", "quarry", "cannery", "courthouse",
    ),
    "object": (
        "suitcase", "violin", "pocket watch", "painting", "key", "ring", "telescope", "photograph", "ledger",
        "typewriter", "music box", "revolver", "birdcage", "compass", "lantern", "chessboard", "mirror", "manuscript",
        "coin", "puppet", "trunk", "umbrella", "teapot", "globe", "barometer",
    ),
    "vehicle": (
        "motorcycle", "steam train", "fishing boat", "milk float", "hearse", "balloon", "tractor", "tram", "bus",
        "fire engine", "caravan", "sledge", "biplane", "bicycle", "lorry",
    ),
    "event": (
        "wedding", "funeral", "harvest fair", "trial", "masked ball", "regatta", "school play", "carnival", "wake",
        "boxing match", "concert", "birthday party", "tournament", "election", "parade",
    ),
    "hobby": (
        "fencing", "falconry", "knitting", "bookkeeping", "horse racing", "cheese making", "bell ringing", "rowing",
        "juggling", "ballroom dancing", "stamp collecting", "glass blowing", "bridge", "pottery",
    ),
    "instrument": (
        "cello", "accordion", "piano", "banjo", "clarinet", "trumpet", "harp", "guitar", "organ", "zither",
    ),
    "garment": (
        "raincoat", "cardigan", "scarf", "bowler hat", "waistcoat", "fur coat", "shawl", "uniform", "jacket",
    ),
    "program": (
        "weather report", "quiz show", "soap opera", "hospital series", "talk show", "cooking show", "puppet show",
    ),
    "venue": ("cinema", "picture house", "town hall", "multiplex", "drive-in", "festival tent", "old theatre"),
    "team": (
        "writers", "studio", "director", "producers", "leads", "series",
    ),
}
# A second draw from a bank, kept apart from the first one of the same review.
OTHERS = {"otherhero": "hero", "othergenre": "genre", "otherobject": "object", "otherinstrument": "instrument"}
# Drawn once for a review; every other bank is drawn from at each mention.
SETTLED = ("genre", "hero", "place", "event", "season", "decade", "object", "vehicle", "instrument")
NAMES = ("lead", "other", "director", "cameo", "cinematographer")

GIVEN_NAMES = (
    "Oda", "Bram", "Tilda", "Corwin", "Maris", "Lorne", "Effie", "Anselm", "Juno", "Piers", "Wilma", "Casper", "Ilse",
    "Dorian", "Petra", "Magnus", "Nella", "Rufus", "Sabine", "Tobin", "Una", "Viggo", "Greta", "Ezra", "Hester",
    "Leopold", "Marta", "Ned", "Ottilie", "Percy", "Roscoe", "Sunniva", "Thora", "Walt", "Zelda", "Ignatz",
)
SURNAMES = (
    "Brankel", "Ostrivane", "Pellworthy", "Quillfeather", "Tarnbeck", "Umbridle", "Vostermann", "Wexcombe", "Yarlsby",
    "Zimmerquist", "Applethwick", "Bogglesworth", "Crumhorne", "Dunterby", "Eskelmoor", "Fennimarch", "Grubenthal",
    "Hollowick", "Inkerpen", "Jostlethorn",
)
TOWNS = (
    "Lower Marbeck", "Port Ansel", "Grindlebury", "Saint Orla", "Felmouth", "Kestrel Bay", "Norrowdale", "Vantry",
)
TITLE_NOUNS = (
    "Lantern", "Orchard", "Winter", "Passenger", "Harbour", "Clock", "Garden", "Stranger", "Letter", "River", "Bridge",
    "Shadow", "Island", "Mirror", "Balcony", "Tiger", "Station", "Window", "Piano", "Snow", "Door", "Road", "Kingdom",
)
TITLE_ADJECTIVES = (
    "Last", "Quiet", "Second", "Long", "Secret", "Blue", "Hidden", "Silver", "Other", "Red", "Lost",
)
TITLES = (
    "The {adjective} {noun}",
    "The {noun} of {place}",
    "The {noun} and the {second}",
    "{adjective} {noun}",
    "A {noun} in {place}",
)
ODD_WORDS = (
    "quincunx", "bathyscaphe", "zeugma", "ombudsman", "tesseract", "gazebo", "marzipan", "sextant", "periwinkle",
    "thurible", "kumquat", "sousaphone", "aspidistra", "bandicoot", "catafalque", "dirigible", "escutcheon",
    "fricassee", "gargoyle", "hippogriff", "isinglass", "jeroboam", "katydid", "limpet", "mangelwurzel", "nankeen",
    "ocarina", "pangolin", "quagga", "rhododendron", "samovar", "theodolite", "ukulele", "velocipede", "wainscot",
    "xylophone", "yarmulke", "zoetrope", "abacus", "balustrade", "caryatid", "dodecahedron", "epaulette", "filigree",
    "gyroscope", "harpsichord", "ibex", "jodhpurs", "kaleidoscope", "lorgnette", "mandolin", "narwhal", "obelisk",
    "parallax", "quatrain", "rickshaw", "scrimshaw", "trapezium", "utensil", "vellum", "wombat", "yurt", "zeppelin",
)
ONSETS = (
    "B", "Br", "D", "Dr", "F", "G", "Gl", "H", "K", "Kr", "L", "M", "N", "P", "R", "S", "Sk", "St", "T", "Tr", "V",
)
VOWELS = (
    "a", "e", "i", "o", "u", "au", "ei", "ia",
)
MIDDLES = (
    "b", "ld", "m", "nd", "r", "rv", "s", "l", "nt", "sk", "g", "rm", "z", "ff", "lt",
)
ENDINGS = (
    "wick", "son", "elle", "ova", "by", "stad", "quist", "ard", "ino", "etti", "more", "ham", "ane", "ois", "ek",
)
# Tokens of a review by rank, straight lines in between: the median is 60, and one in 300 has more than 500.
LENGTHS = (
    (0.00, 8), (0.03, 16), (0.10, 25), (0.25, 38), (0.50, 60), (0.75, 94), (0.90, 150),
    (0.97, 240), (0.99, 350), (0.997, 500), (1.00, 600),
)
# fmt: on

SHORT, ROOM_FOR_TWO = 16, 45
# The plain and the denied ones in equal shares: so a word is as often taken back as it is meant.
VERDICTS = (
    (0.55, TURNS),
    (0.70, REFUSALS),
    (0.80, CONCESSIONS),
    (0.90, PLAIN),
    (1.00, DENIALS),
)
OPPOSITES = {"v": "o", "o": "v", "vn": "on", "on": "vn", "vf": "of", "of": "vf"}
SECTIONS = (PLOTS, CAST, CRAFT, MIXED, DIGRESSIONS)
SECTION_TURNS = (0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 4, 4)
