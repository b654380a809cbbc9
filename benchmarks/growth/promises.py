"""The operations that the language promises to do in constant time, and the places in which it promises that.

A promise is a loop of n steps. `@` stands for the place that holds the value, `#` for a counter next to it; `i` counts
the steps and `n` is the size. A place is a whole program around `INIT`, `STEP` and `CHECK`, which does all of it as often
as its second argument says.
"""

from collections import namedtuple

# declare   declarations in front of the program
# initial   the value at the start
# step      the statement that is run n times
# check     an expression over the result, printed, and what it must print for a size of 1000
# names     the step needs the place to be a plain name (destructuring assigns names only)
# failing   the step with a throw in its middle, which must leave the value as it was; empty where nothing can throw
# largest   the most steps that are timed
# alone     the step needs a variable that nobody else can look at: what holds its value until it is done is the variable alone
Promise = namedtuple("Promise", "name initial step check expected declare names failing largest alone",
                     defaults=("", False, "", 50_000_000, False))

# Dicts with more keys than this are about the memory of the machine.
KEYS = 1_000_000

PAIR = "struct Pair { x, items }\n"

ADD = "func add(items, v) { items.push(v); return items }\n"

PROMISES = [
    Promise("xs[i] = v", "[0] * n", "@[i] = i * 2", "@[n - 1]", "1998", failing="@[i] = fail()"),
    Promise("xs[i] += v", "[1] * n", "@[n - 1 - i] += i", "@[0]", "1000", failing="@[i] += fail()"),
    Promise("grid[i][j] = v", "(0..100).map(_ => [0] * (n / 100 + 1))", "@[i % 100][i / 100] = i", "@[7][n / 100 - 7]", "307",
            failing="@[0][0] = fail()"),
    Promise("xs.push(v)", "[]", "@.push(i)", "len(@)", "1000", failing="@.push(fail())"),
    Promise("xs = push(xs, v)", "[]", "@ = push(@, i)", "len(@)", "1000", failing="@ = push(@, fail())"),
    Promise("xs = [...xs, v]", "[]", "@ = [...@, i]", "len(@)", "1000", failing="@ = [...@, fail()]"),
    Promise("xs += [v]", "[]", "@ += [i]", "len(@)", "1000", failing="@ += [fail()]"),
    Promise("[xs, last] := pop(xs)", "(0..n).to_array()", "[@, last] := pop(@)\n        # += last", "#", "499500", names=True,
            failing="[@, last] := [...pop(@), fail()]"),
    Promise("xs.pop()", "(0..n).to_array()", "# += @.pop()", "#", "499500", failing="# += @.pop(fail())"),
    Promise("d[int] = v", "{}", "@[i] = i", "len(@)", "1000", failing="@[i] = fail()", largest=KEYS),
    Promise("d[sparse int] = v", "{}", "@[i * 7919 % 1000003] = i", "len(@)", "1000", failing="@[i * 7919] = fail()", largest=KEYS),
    Promise("d[string] = v", "{}", '@["k${i}"] = i', "len(@)", "1000", failing='@["k${i}"] = fail()', largest=KEYS),
    Promise('d[k] += "x"', '{"a": ""}', '@["a"] += "x"', 'len(@["a"])', "1000", failing='@["a"] += fail()'),
    Promise("d[k].push(v)", '{"a": []}', '@["a"].push(i)', 'len(@["a"])', "1000", failing='@["a"].push(fail())'),
    Promise("d[k] ??= v", "{}", "@[i] ??= i", "len(@)", "1000", failing="@[i] ??= fail()", largest=KEYS),
    Promise('d = {...d, "k": v}', "{}", '@ = {...@, ("k${i}"): i}', "len(@)", "1000", failing='@ = {...@, "k": fail()}', largest=KEYS),
    Promise("p.x = v", "Pair { x: 0, items: [0] * n }", "@.x = i", "@.x", "999", PAIR, failing="@.x = fail()"),
    Promise("p = P { ...p, x: 1 }", "Pair { x: 0, items: [0] * n }", "@ = Pair { ...@, x: i }", "@.x", "999", PAIR,
            failing="@ = Pair { ...@, x: fail() }"),
    Promise("p.items[i].x += 1", "Pair { x: 0, items: [Pair { x: 1, items: 0 }] * n }", "@.items[i].x += i",
            "@.items[n - 1].x", "1000", PAIR, failing="@.items[0].x += fail()"),
    Promise("xs = f(xs)", "[]", "@ = add(@, i)", "len(@)", "1000", ADD, failing="@ = add(@, fail())", alone=True),
    Promise("xs[i] = f(xs[i])", "[[], []]", "@[1] = add(@[1], i)", "len(@[1])", "1000", ADD,
            failing="@[1] = add(@[1], fail())", alone=True),
    Promise("d[k] = f(d[k])", '{"a": []}', '@["a"] = add(@["a"], i)', 'len(@["a"])', "1000", ADD,
            failing='@["a"] = add(@["a"], fail())', alone=True),
    Promise("p.x = f(p.x)", "Pair { x: 0, items: [] }", "@.items = add(@.items, i)", "len(@.items)", "1000", PAIR + ADD,
            failing="@.items = add(@.items, fail())", alone=True),
    Promise('s = s + "x"', '""', '@ = @ + "xy"', "len(@)", "2000", failing="@ = @ + fail()"),
    Promise('s += "x"', '""', '@ += "xé"', "len(@)", "2000", failing="@ += fail()"),
    Promise('s = "${s}x"', '""', '@ = "${@}${i % 10}"', "len(@)", "1000", failing='@ = "${@}x${fail()}"'),
    Promise("len(s)", '"aé" * (n / 2)', "# += len(@) % 7", "#", "6000"),
    Promise("s[i]", '"aé" * (n / 2)', 'if @[i] == "é" { # += 1 }', "#", "500"),
    Promise("s[a..b]", '"aé" * (n / 2)', "# += len(@[i..i + 3])", "#", "2997"),
    Promise("range[i]", "0..n", "# += @[i] % 7", "#", "2997"),
    Promise("range[a..b]", "0..n", "# += len(@[i..])", "#", "500500"),
    Promise("x in range", "range(0, n * 2, 2)", "if i in @ { # += 1 }", "#", "500"),
    Promise("len(a..b)", "0", "# += len(@..i)", "#", "499500"),
    Promise("range == range", "0..n", "if @ == 0..n { # += 1 }", "#", "1000"),
    Promise("range.iter()", "0..n", "# += @.iter().map(x => x * 2).take(2).sum()", "#", "2000"),
    Promise("range[i] = v", "0..n", "@[i] = 0", "@[n - 1]", "0", failing="@[i] = fail()"),
]

Place = namedtuple("Place", "name holder counter program")

PLACES = [
    Place("local", "value", "total", """\
func run(n) {
    value := INIT
    total := 0
    for i in 0..n {
        STEP
    }
    return CHECK
}
[n, rounds] := args().map(int)
result := null
for _ in 0..rounds { result = run(n) }
print(result)
"""),
    Place("top level", "value", "total", """\
[n, rounds] := args().map(int)
value := null
total := 0
for _ in 0..rounds {
    value = INIT
    total = 0
    for i in 0..n {
        STEP
    }
}
print(CHECK)
"""),
    Place("global", "value", "total", """\
[n, rounds] := args().map(int)
value := null
total := 0
func run() {
    value = INIT
    total = 0
    for i in 0..n {
        STEP
    }
}
for _ in 0..rounds { run() }
print(CHECK)
"""),
    Place("captured", "value", "total", """\
func make(n) {
    mut value := INIT
    mut total := 0
    step := i => {
        STEP
    }
    return [step, () => CHECK]
}
[n, rounds] := args().map(int)
result := null
for _ in 0..rounds {
    [step, check] := make(n)
    for i in 0..n {
        step(i)
    }
    result = check()
}
print(result)
"""),
    Place("field", "box.value", "box.total", """\
struct Box { value, total }
func run(n) {
    mut box := Box { value: INIT, total: 0 }
    for i in 0..n {
        STEP
    }
    return CHECK
}
[n, rounds] := args().map(int)
result := null
for _ in 0..rounds { result = run(n) }
print(result)
"""),
    Place("own field", "self.value", "self.total", """\
struct Box {
    value, total
    func step(mut self, i) {
        STEP
    }
    func check(self, n) { return CHECK }
}
[n, rounds] := args().map(int)
result := null
for _ in 0..rounds {
    mut box := Box { value: INIT, total: 0 }
    for i in 0..n {
        box.step(i)
    }
    result = box.check(n)
}
print(result)
"""),
]


# What the old value is good for: a second holder keeps it, and so does the variable if something throws in the middle.
# What it was is remembered as text, which shares nothing with it.
TWIN = """\
func fail() { throw "stop" }
"""
SECOND_HOLDER = """\
        held := VALUE
        before := inspect(held)
        STEP
        assert(inspect(held) == before, "a second holder sees NAME")
"""
THROW = """\
        kept := inspect(VALUE)
        try { FAILING } except e { }
        assert(inspect(VALUE) == kept, "a throw in NAME leaves something behind")
"""


def suits(promise, place):
    return not (promise.names and "." in place.holder) and not (promise.alone and place.name in ("global", "captured", "own field"))


def twin(promise, place):
    """A program that fails if an operation in place shows where it must not, or None where the promise makes no sense."""
    if not suits(promise, place):
        return None
    body = SECOND_HOLDER.replace("STEP", promise.step)
    if promise.failing:
        body += THROW.replace("FAILING", promise.failing)
    body = body.replace("VALUE", "@").replace("NAME", promise.name.replace('"', "'").replace("$", "\\$"))
    return TWIN + program(promise._replace(step=body.strip()), place)


def program(promise, place):
    """The source, or None where the promise makes no sense in the place."""
    if not suits(promise, place):
        return None
    text = place.program
    for word in ("INIT", "STEP", "CHECK"):
        part = {"INIT": promise.initial, "STEP": promise.step, "CHECK": promise.check}[word]
        text = text.replace(word, part.replace("@", place.holder).replace("#", place.counter))
    return promise.declare + text
