//! A realistic source text of any size for the lexer's and parser's benchmarks.
//!
//! The pieces are written by hand and mix what programs are made of – functions, structs, loops, matches, strings
//! with interpolation, comments; numbered names keep the table of identifiers growing as in a real program.

const PIECES: &[&str] = &[
    r##"
/// The mean of `values`, weighted; null for none.
func weighted_mean_@(values, weights, start = 0.0) {
    mut sum := start
    mut total := 0.0
    for i, value in values {
        # Negative weights are left out.
        if weights[i] < 0 { continue }
        sum += value * weights[i]
        total += weights[i]
    }
    if total == 0 { return null }
    return sum / total
}
"##,
    r##"
struct Account_@ {
    owner: string
    balance: float = 0.0
    history: array<dict<string, any>> = []

    func deposit(self, amount) {
        if amount <= 0 { throw "deposit must be positive, got ${amount}" }
        self.balance += amount
        self.history.push({kind: "deposit", amount: amount, at: now()})
        return self
    }

    func to_string(self) {
        return "${self.owner}: ${self.balance:.2} (${self.history.len()} entries)"
    }
}
"##,
    r##"
func classify_@(shape) {
    match shape {
        case Shape::Circle(r) if r > 10: { return "large circle" }
        case Shape::Rect(w, h): return "rectangle of ${w} by ${h}"
        case [first, ...rest]: return classify_@(first) + " and ${rest.len()} more"
        case {kind: "polygon", corners}: return "polygon with ${corners} corners"
        case 0 | 1 | 2: return "degenerate"
        case _: return "something else"
    }
}
"##,
    r##"
// Reads lines of `key = value`, skipping blanks and comments.
func parse_config_@(text) {
    mut result := {}
    for number, line in text.split("\n") {
        line = line.trim()
        if line == "" || line.starts_with("#") { continue }
        position := line.index_of("=")
        if position == null { throw Error("line ${number + 1}: no `=` in '${line}'") }
        key := line[..position].trim()
        value := line[position + 1..].trim()
        result[key] = to_int(value) ?? value
    }
    return result
}
"##,
    r##"
primes_@ := (2..1000).filter(n => !(2..n).any(d => n % d == 0)).map(p => p * p - 1)
matrix_@ := [[1.5, 2.25, 3e-2], [4, 5, 6], [0xff, 0b1010, 1_000_000]]
total_@ := matrix_@ |> flatten |> filter(x => x > 2 && x != 5) |> sum
print("total", total_@, 'raw text', "${total_@:>12.3}")
"##,
    r##"
async func fetch_all_@(urls, limit: int = 4) {
    mut results := []
    try {
        for batch in urls.chunk(limit) {
            pages := await await_all(batch.map(url => http_get(url, timeout: 5000)))
            results = [...results, ...pages.map(page => page?.body ?? "")]
        }
    } except error {
        log("fetching failed: ${error.message} at ${error.line}:${error.column}")
        throw error
    } finally {
        close_connections()
    }
    return results
}
"##,
];

/// At least `size` bytes of source.
pub fn realistic(size: usize) -> String {
    let mut text = String::with_capacity(size + 1024);
    let mut number = 0;
    while text.len() < size {
        let piece = PIECES[number % PIECES.len()];
        text.push_str(&piece.replace('@', &(number / PIECES.len()).to_string()));
        number += 1;
    }
    text
}
