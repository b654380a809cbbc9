"""The operations that the language promises to do in constant time, and the places in which it promises that.

A promise is a loop of n steps. `@` stands for the place that holds the value, `#` for a counter next to it; `i` counts
the steps and `n` is the size. A place is a whole program around `INIT`, `STEP` and `CHECK`.
"""

from collections import namedtuple

# declare   declarations in front of the program
# initial   the value at the start
# step      the statement that is run n times
# check     an expression over the result, printed, and what it must print for a size of 1000
# names     the step needs the place to be a plain name (destructuring assigns names only)
Promise = namedtuple("Promise", "name initial step check expected declare names", defaults=("", False))

PAIR = "struct Pair { x, items }\n"

PROMISES = [
    Promise("xs[i] = v", "[0] * n", "@[i] = i * 2", "@[n - 1]", "1998"),
    Promise("xs[i] += v", "[1] * n", "@[n - 1 - i] += i", "@[0]", "1000"),
    Promise("grid[i][j] = v", "(0..100).map(_ => [0] * (n / 100 + 1))", "@[i % 100][i / 100] = i", "@[7][3]", "307"),
    Promise("xs.push(v)", "[]", "@.push(i)", "len(@)", "1000"),
    Promise("xs = push(xs, v)", "[]", "@ = push(@, i)", "len(@)", "1000"),
    Promise("xs = [...xs, v]", "[]", "@ = [...@, i]", "len(@)", "1000"),
    Promise("xs += [v]", "[]", "@ += [i]", "len(@)", "1000"),
    Promise("[xs, last] := pop(xs)", "(0..n).to_array()", "[@, last] := pop(@)\n        # += last", "#", "499500", names=True),
    Promise("xs.pop()", "(0..n).to_array()", "# += @.pop()", "#", "499500"),
    Promise("d[int] = v", "{}", "@[i] = i", "len(@)", "1000"),
    Promise("d[string] = v", "{}", '@["k${i}"] = i', "len(@)", "1000"),
    Promise('d[k] += "x"', '{"a": ""}', '@["a"] += "x"', 'len(@["a"])', "1000"),
    Promise("d[k].push(v)", '{"a": []}', '@["a"].push(i)', 'len(@["a"])', "1000"),
    Promise('d = {...d, "k": v}', "{}", '@ = {...@, ("k${i}"): i}', "len(@)", "1000"),
    Promise("p.x = v", "Pair { x: 0, items: [0] * n }", "@.x = i", "@.x", "999", PAIR),
    Promise("p = P { ...p, x: 1 }", "Pair { x: 0, items: [0] * n }", "@ = Pair { ...@, x: i }", "@.x", "999", PAIR),
    Promise("p.items[i].x += 1", "Pair { x: 0, items: [Pair { x: 1, items: 0 }] * n }", "@.items[i].x += i",
            "@.items[n - 1].x", "1000", PAIR),
    Promise('s = s + "x"', '""', '@ = @ + "xy"', "len(@)", "2000"),
    Promise('s += "x"', '""', '@ += "xé"', "len(@)", "2000"),
    Promise('s = "${s}x"', '""', '@ = "${@}${i % 10}"', "len(@)", "1000"),
    Promise("len(s)", '"aé" * (n / 2)', "# += len(@) % 7", "#", "6000"),
    Promise("s[i]", '"aé" * (n / 2)', 'if @[i] == "é" { # += 1 }', "#", "500"),
    Promise("s[a..b]", '"aé" * (n / 2)', "# += len(@[i..i + 3])", "#", "2997"),
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
print(run(int(args()[0])))
"""),
    Place("top level", "value", "total", """\
n := int(args()[0])
value := INIT
total := 0
for i in 0..n {
        STEP
}
print(CHECK)
"""),
    Place("global", "value", "total", """\
n := int(args()[0])
value := INIT
total := 0
func run() {
    for i in 0..n {
        STEP
    }
}
run()
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
n := int(args()[0])
[step, check] := make(n)
for i in 0..n {
    step(i)
}
print(check())
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
print(run(int(args()[0])))
"""),
    Place("own field", "self.value", "self.total", """\
struct Box {
    value, total
    func step(mut self, i) {
        STEP
    }
    func check(self, n) { return CHECK }
}
n := int(args()[0])
mut box := Box { value: INIT, total: 0 }
for i in 0..n {
    box.step(i)
}
print(box.check(n))
"""),
]


def program(promise, place):
    """The source, or None where the promise makes no sense in the place."""
    if promise.names and "." in place.holder:
        return None
    text = place.program
    for word in ("INIT", "STEP", "CHECK"):
        part = {"INIT": promise.initial, "STEP": promise.step, "CHECK": promise.check}[word]
        text = text.replace(word, part.replace("@", place.holder).replace("#", place.counter))
    return promise.declare + text
