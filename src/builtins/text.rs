//! Strings: the builtins whose subject is a text. What they compute stands in `text/algorithms.rs`.
//!
//! Several names work on other types too (`contains`, `count`, `reverse`, `repeat`, `slice` …): those stand in `sequence.rs`.
mod algorithms;
mod template;

use self::algorithms::{self as algo, Side};
use super::Engine;
use super::arg::{Rest, Size, Within, new_array, new_string, reserve_text};
use super::table::builtins;
use crate::semantics::fault::{Raise, faults};
use crate::value::Value;

builtins! {
    /// Strings.
    pub(super) ROWS:

    /// All letters upper case.
    ///
    /// ```ruff
    /// assert_equal("straße".upper(), "STRASSE")
    /// ```
    [pure] upper | to_upper (s: &str) -> string = native upper;

    /// All letters lower case.
    ///
    /// ```ruff
    /// assert_equal("ÄB".lower(), "äb")
    /// ```
    [pure] lower | to_lower (s: &str) -> string = native lower;

    /// The first letter upper case, the rest lower case.
    ///
    /// ```ruff
    /// assert_equal("hELLO world".capitalize(), "Hello world")
    /// ```
    [pure] capitalize(s: &str) -> string = native capitalize;

    /// Every word capitalized.
    ///
    /// ```ruff
    /// assert_equal("the old man's sea".title(), "The Old Man's Sea")
    /// ```
    [pure] title(s: &str) -> string = native title;

    /// Without white space at both ends, or without the characters in `chars`.
    ///
    /// ```ruff
    /// assert_equal("  a ".trim(), "a")
    /// assert_equal("--a-".trim("-"), "a")
    /// ```
    [pure] trim(s: &str, chars: Option<&str>) -> string = native trim;

    /// Without white space at the start, or without the characters in `chars`.
    ///
    /// ```ruff
    /// assert_equal(" a ".trim_start(), "a ")
    /// ```
    [pure] trim_start(s: &str, chars: Option<&str>) -> string = native trim_start;

    /// Without white space at the end, or without the characters in `chars`.
    ///
    /// ```ruff
    /// assert_equal(" a ".trim_end(), " a")
    /// ```
    [pure] trim_end(s: &str, chars: Option<&str>) -> string = native trim_end;

    /// Does the text begin with `prefix`?
    ///
    /// ```ruff
    /// assert("ruff".starts_with("ru"))
    /// ```
    [pure] starts_with(s: &str, prefix: &str) -> bool = native starts_with;

    /// Does the text end with `suffix`?
    ///
    /// ```ruff
    /// assert("ruff".ends_with("ff"))
    /// ```
    [pure] ends_with(s: &str, suffix: &str) -> bool = native ends_with;

    /// The positions where `part` begins, without overlaps.
    ///
    /// ```ruff
    /// assert_equal("abcabc".find_all("bc"), [1, 4])
    /// ```
    [pure] find_all(s: &str, part: &str) -> array = native find_all;

    /// Every `from` replaced by `to`, or the first `count` of them.
    ///
    /// ```ruff
    /// assert_equal("a-b-c".replace("-", "+"), "a+b+c")
    /// assert_equal("a-b-c".replace("-", "+", 1), "a+b-c")
    /// ```
    [pure, may_fault] replace | replace_str (s: &str, from: &str, to: &str, count: Option<Size>) -> string = native replace;

    /// The pieces between separators; without one, what white space separates; at most `limit` pieces, the last keeps
    /// the rest.
    ///
    /// ```ruff
    /// assert_equal("a,b,c".split(","), ["a", "b", "c"])
    /// assert_equal(" a  b ".split(), ["a", "b"])
    /// assert_equal("a,b,c".split(",", 2), ["a", "b,c"])
    /// ```
    [pure] split(s: &str, sep: Option<&str>, limit: Option<Size>) -> array = native split;

    /// Like `split`, but a limit counts from the end: the first piece keeps the rest.
    ///
    /// ```ruff
    /// assert_equal("a,b,c".rsplit(",", 2), ["a,b", "c"])
    /// ```
    [pure] rsplit(s: &str, sep: Option<&str>, limit: Option<Size>) -> array = native rsplit;

    /// The lines, without their ends.
    ///
    /// ```ruff
    /// assert_equal("a\nb\n".lines(), ["a", "b"])
    /// ```
    [pure] lines(s: &str) -> array = native lines;

    /// What white space separates.
    ///
    /// ```ruff
    /// assert_equal("to be  or".words(), ["to", "be", "or"])
    /// ```
    [pure] words(s: &str) -> array = native words;

    /// The characters (code points), each a string.
    ///
    /// ```ruff
    /// assert_equal("añ".chars(), ["a", "ñ"])
    /// ```
    [pure] chars(s: &str) -> array = native chars;

    /// The character at a position; negative ones count from the end.
    ///
    /// ```ruff
    /// assert_equal("abc".char_at(1), "b")
    /// ```
    [pure, may_fault] char_at(s: &str, i: i64) -> string = native char_at;

    /// How often each character occurs, in order of first appearance.
    ///
    /// ```ruff
    /// assert_equal("abca".count_chars(), {"a": 2, "b": 1, "c": 1})
    /// ```
    [pure] count_chars(s: &str) -> dict = native count_chars;

    /// The text from `start` to before `end`, in code points; negative positions count from the end.
    ///
    /// ```ruff
    /// assert_equal("abcdef".substring(1, 3), "bc")
    /// assert_equal("abcdef".substring(-2), "ef")
    /// ```
    [pure] substring | substr (s: &str, start: i64, end: Option<i64>) -> string = native substring;

    /// The characters in opposite order.
    ///
    /// ```ruff
    /// assert_equal(str_reverse("añb"), "bña")
    /// ```
    [pure] str_reverse(s: &str) -> string = native str_reverse;

    /// Filled up on the left to `width` characters.
    ///
    /// ```ruff
    /// assert_equal("7".pad_left(3, "0"), "007")
    /// ```
    [pure, may_fault] pad_left | pad_start (s: &str, width: Size, fill: &str = " ") -> string = native pad_left;

    /// Filled up on the right to `width` characters.
    ///
    /// ```ruff
    /// assert_equal("ab".pad_right(4), "ab  ")
    /// ```
    [pure, may_fault] pad_right | pad_end (s: &str, width: Size, fill: &str = " ") -> string = native pad_right;

    /// Filled up on both sides to `width` characters; an odd one goes to the right.
    ///
    /// ```ruff
    /// assert_equal("ab".center(5, "*"), "*ab**")
    /// ```
    [pure, may_fault] center(s: &str, width: Size, fill: &str = " ") -> string = native center;

    /// Lower case words without diacritics, joined by hyphens.
    ///
    /// ```ruff
    /// assert_equal(slugify("Ça va, très bien!"), "ca-va-tres-bien")
    /// ```
    [pure] slugify(s: &str) -> string = native slugify;

    /// `someName`.
    ///
    /// ```ruff
    /// assert_equal("some_long name".to_camel_case(), "someLongName")
    /// ```
    [pure] to_camel_case(s: &str) -> string = native to_camel_case;

    /// `some_name`.
    ///
    /// ```ruff
    /// assert_equal("HTTPServer".to_snake_case(), "http_server")
    /// ```
    [pure] to_snake_case(s: &str) -> string = native to_snake_case;

    /// `some-name`.
    ///
    /// ```ruff
    /// assert_equal("someName".to_kebab_case(), "some-name")
    /// ```
    [pure] to_kebab_case(s: &str) -> string = native to_kebab_case;

    /// `SomeName`.
    ///
    /// ```ruff
    /// assert_equal("some name".to_pascal_case(), "SomeName")
    /// ```
    [pure] to_pascal_case(s: &str) -> string = native to_pascal_case;

    /// Are there characters, and only decimal digits?
    ///
    /// ```ruff
    /// assert("123".is_digit() && !"12a".is_digit() && !"".is_digit())
    /// ```
    [pure] is_digit(s: &str) -> bool = native is_digit;

    /// Are there characters, and only letters?
    ///
    /// ```ruff
    /// assert("añ".is_alpha() && !"a1".is_alpha())
    /// ```
    [pure] is_alpha(s: &str) -> bool = native is_alpha;

    /// Are there characters, and only letters and digits?
    ///
    /// ```ruff
    /// assert("a1".is_alnum() && !"a-1".is_alnum())
    /// ```
    [pure] is_alnum(s: &str) -> bool = native is_alnum;

    /// Are there characters, and only white space?
    ///
    /// ```ruff
    /// assert(" \t\n".is_space() && !"".is_space())
    /// ```
    [pure] is_space(s: &str) -> bool = native is_space;

    /// Are there upper case letters, and no lower case ones?
    ///
    /// ```ruff
    /// assert("AB1".is_upper() && !"Ab".is_upper())
    /// ```
    [pure] is_upper(s: &str) -> bool = native is_upper;

    /// Are there lower case letters, and no upper case ones?
    ///
    /// ```ruff
    /// assert("ab1".is_lower() && !"Ab".is_lower())
    /// ```
    [pure] is_lower(s: &str) -> bool = native is_lower;

    /// In a Unicode normal form: `NFC`, `NFD`, `NFKC` or `NFKD`.
    ///
    /// ```ruff
    /// assert_equal(normalize("e\u{301}"), "é")
    /// ```
    [pure, may_fault] normalize(s: &str, form: &str = "NFC") -> string = native normalize;

    /// What readers take for characters: a letter with its marks, an emoji with its modifiers.
    ///
    /// ```ruff
    /// assert_equal(len(graphemes("e\u{301}a")), 2)
    /// ```
    [pure] graphemes(s: &str) -> array = native graphemes;

    /// The columns that a terminal needs.
    ///
    /// ```ruff
    /// assert_equal(width("日本"), 4)
    /// ```
    [pure] width(s: &str) -> int = native width;

    /// The number of insertions, deletions and replacements between two texts.
    ///
    /// ```ruff
    /// assert_equal(levenshtein("kitten", "sitting"), 3)
    /// ```
    [pure] levenshtein(a: &str, b: &str) -> int = native levenshtein;

    /// Without `prefix`, if the text begins with it.
    ///
    /// ```ruff
    /// assert_equal("unhappy".strip_prefix("un"), "happy")
    /// ```
    [pure] strip_prefix(s: &str, prefix: &str) -> string = native strip_prefix;

    /// Without `suffix`, if the text ends with it.
    ///
    /// ```ruff
    /// assert_equal("a.txt".strip_suffix(".txt"), "a")
    /// ```
    [pure] strip_suffix(s: &str, suffix: &str) -> string = native strip_suffix;

    /// What `partition` does for texts.
    [pure] __partition_text(s: &str, sep: &str) -> array = native partition_text;

    /// The code point of a string of one character.
    ///
    /// ```ruff
    /// assert_equal(ord("A"), 65)
    /// ```
    [pure, may_fault] ord(s: &str) -> int = native ord;

    /// The character of a code point.
    ///
    /// ```ruff
    /// assert_equal(chr(8364), "€")
    /// ```
    [pure, may_fault] chr(code: i64) -> string = native chr;

    /// A template filled in: `{}`, `{0}`, `{name}` (an entry of a dict given as the only argument) with the format specs
    /// of interpolation, `{{` for a brace; or the `%s %d %f %x %%` forms.
    ///
    /// ```ruff
    /// assert_equal(format("{} of {:>3}", 1, 12), "1 of  12")
    /// assert_equal(format("{name}!", {name: "bo"}), "bo!")
    /// assert_equal(format("%05.1f|%x", 3.14159, 255), "003.1|ff")
    /// ```
    [may_fault, may_call] format(template: &str, values: Rest) -> string = native fill_template;
}

type Fallible<T> = Result<T, Raise>;

fn upper(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(if s.is_ascii() { s.to_ascii_uppercase() } else { s.to_uppercase() })
}

fn lower(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(if s.is_ascii() { s.to_ascii_lowercase() } else { s.to_lowercase() })
}

fn capitalize(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(algo::capitalize(s))
}

fn title(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(algo::title(s))
}

fn trim(_: &mut dyn Engine, s: &str, chars: Option<&str>) -> Fallible<Value> {
    new_string(algo::trim(s, chars, Side::Both))
}

fn trim_start(_: &mut dyn Engine, s: &str, chars: Option<&str>) -> Fallible<Value> {
    new_string(algo::trim(s, chars, Side::Start))
}

fn trim_end(_: &mut dyn Engine, s: &str, chars: Option<&str>) -> Fallible<Value> {
    new_string(algo::trim(s, chars, Side::End))
}

fn starts_with(_: &mut dyn Engine, s: &str, prefix: &str) -> Fallible<bool> {
    Ok(s.starts_with(prefix))
}

fn ends_with(_: &mut dyn Engine, s: &str, suffix: &str) -> Fallible<bool> {
    Ok(s.ends_with(suffix))
}

/// The positions, in code points, at which the matches at byte offsets `found` begin.
fn code_point_positions(s: &str, found: impl Iterator<Item = usize>) -> Fallible<Value> {
    let ascii = s.is_ascii();
    let (mut at, mut position) = (0, 0);
    new_array(
        found
            .map(|offset| {
                position += if ascii { offset - at } else { s[at..offset].chars().count() };
                at = offset;
                Value::Int(position as i64)
            })
            .collect(),
    )
}

fn find_all(_: &mut dyn Engine, s: &str, part: &str) -> Fallible<Value> {
    code_point_positions(s, s.match_indices(part).map(|(at, _)| at))
}

fn replace(_: &mut dyn Engine, s: &str, from: &str, to: &str, count: Option<Size>) -> Fallible<Value> {
    let count = count.map_or(usize::MAX, |count| count.0);
    if to.len() > from.len() {
        let found = s.matches(from).take(count).count();
        reserve_text("replace", (to.len() - from.len()).checked_mul(found).and_then(|more| more.checked_add(s.len())))?;
    }
    new_string(&s.replacen(from, to, count))
}

/// At most so many pieces; 0 is a mistake.
fn piece_limit(function: &str, limit: Option<Size>) -> Fallible<usize> {
    match limit {
        Some(Size(0)) => Err(faults::argument_value(function, "limit", "a positive int", 0)),
        Some(Size(limit)) => Ok(limit),
        None => Ok(usize::MAX),
    }
}

fn strings<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Fallible<Value> {
    let pieces = pieces.into_iter();
    let made = crate::value::array::of_objects(pieces.size_hint().0, pieces.map(Value::try_str));
    Ok(Value::Array(made.within("strings")?))
}

/// Texts longer than this are asked how many pieces they have before they are taken apart.
const LONG: usize = 1 << 20;

/// Checks that there is room for the pieces of a long text.
fn reserve_pieces(function: &str, s: &str, sep: Option<&str>) -> Fallible<()> {
    if s.len() <= LONG {
        return Ok(());
    }
    let pieces = match sep {
        Some("") => s.len(),
        Some(sep) => memchr::memmem::find_iter(s.as_bytes(), sep).count() + 1,
        None => s.split_whitespace().count(),
    };
    super::arg::reserve_items(function, pieces.saturating_mul(2))
}

fn split(_: &mut dyn Engine, s: &str, sep: Option<&str>, limit: Option<Size>) -> Fallible<Value> {
    reserve_pieces("split", s, sep)?;
    let limit = piece_limit("split", limit)?;
    match sep.map(str::as_bytes) {
        Some(&[byte]) => strings(algo::AtByte::new(s, byte, limit)),
        _ => strings(algo::split(s, sep, limit)),
    }
}

fn rsplit(_: &mut dyn Engine, s: &str, sep: Option<&str>, limit: Option<Size>) -> Fallible<Value> {
    reserve_pieces("rsplit", s, sep)?;
    strings(algo::rsplit(s, sep, piece_limit("rsplit", limit)?))
}

fn lines(_: &mut dyn Engine, s: &str) -> Fallible<Value> {
    strings(algo::Lines::new(s))
}

fn words(_: &mut dyn Engine, s: &str) -> Fallible<Value> {
    strings(s.split_whitespace())
}

fn chars(_: &mut dyn Engine, s: &str) -> Fallible<Value> {
    reserve_pieces("chars", s, Some(""))?;
    let made = crate::value::array::of_objects(s.chars().count(), s.chars().map(Value::try_char));
    Ok(Value::Array(made.within("chars")?))
}

fn char_at(_: &mut dyn Engine, s: &str, i: i64) -> Fallible<Value> {
    let out_of_bounds = || faults::index_out_of_bounds(i, s.chars().count());
    let index = if i < 0 { (s.chars().count() as i64).checked_add(i) } else { Some(i) };
    let index = index.and_then(|i| usize::try_from(i).ok()).ok_or_else(out_of_bounds)?;
    match s.chars().nth(index) {
        Some(c) => new_string(c.encode_utf8(&mut [0; 4])),
        None => Err(out_of_bounds()),
    }
}

fn count_chars(_: &mut dyn Engine, s: &str) -> Fallible<Value> {
    let mut order: Vec<(char, i64)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for c in s.chars() {
        let place = *places.entry(c).or_insert_with(|| {
            order.push((c, 0));
            order.len() - 1
        });
        order[place].1 += 1;
    }
    super::arg::new_dict(
        order.into_iter().map(|(c, count)| Ok((new_string(c.encode_utf8(&mut [0; 4]))?, Value::Int(count)))),
    )
}

fn substring(_: &mut dyn Engine, s: &str, start: i64, end: Option<i64>) -> Fallible<Value> {
    let negative = start < 0 || end.is_some_and(|end| end < 0);
    let length = if negative { s.chars().count() } else { usize::MAX };
    let absolute = |at: i64| match usize::try_from(at) {
        Ok(at) => at,
        Err(_) => length.saturating_sub(at.unsigned_abs() as usize),
    };
    let (start, end) = (absolute(start), end.map_or(usize::MAX, absolute));
    let begin = algo::byte_offset(s, start);
    let rest = &s[begin..];
    new_string(&rest[..algo::byte_offset(rest, end.saturating_sub(start))])
}

fn str_reverse(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(reversed(s))
}

/// The code points in opposite order.
pub(super) fn reversed(s: &str) -> String {
    if s.is_ascii() {
        let backwards = s.bytes().rev().collect();
        return String::from_utf8(backwards).expect("ASCII in any order is text");
    }
    s.chars().rev().collect()
}

/// `count` characters of the repeated `fill`, appended.
fn push_fill(out: &mut String, fill: &str, count: usize) {
    if let [byte] = fill.as_bytes() {
        out.extend(std::iter::repeat_n(char::from(*byte), count));
    } else {
        out.extend(fill.chars().cycle().take(count));
    }
}

fn pad(function: &str, s: &str, width: Size, fill: &str, left_share: fn(usize) -> usize) -> Fallible<Value> {
    if fill.is_empty() {
        return Err(faults::argument_value(function, "fill", "a string that is not empty", "\"\""));
    }
    let missing = width.0.saturating_sub(s.chars().count());
    if missing == 0 {
        return new_string(s);
    }
    let longest = fill.chars().map(char::len_utf8).max().unwrap_or(1);
    reserve_text(function, missing.checked_mul(longest).and_then(|more| more.checked_add(s.len())))?;
    let left = left_share(missing);
    let mut out = String::with_capacity(s.len() + missing);
    push_fill(&mut out, fill, left);
    out.push_str(s);
    push_fill(&mut out, fill, missing - left);
    new_string(&out)
}

fn pad_left(_: &mut dyn Engine, s: &str, width: Size, fill: &str) -> Fallible<Value> {
    pad("pad_left", s, width, fill, |missing| missing)
}

fn pad_right(_: &mut dyn Engine, s: &str, width: Size, fill: &str) -> Fallible<Value> {
    pad("pad_right", s, width, fill, |_| 0)
}

fn center(_: &mut dyn Engine, s: &str, width: Size, fill: &str) -> Fallible<Value> {
    pad("center", s, width, fill, |missing| missing / 2)
}

fn slugify(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(algo::slugify(s))
}

/// `s` shortened to `n` characters, the last of which are the suffix.
pub(super) fn truncate_text(s: &str, n: usize, suffix: &str) -> Fallible<Value> {
    let length = s.chars().count();
    if length <= n {
        return new_string(s);
    }
    let room = n.saturating_sub(suffix.chars().count());
    let mut out = s[..algo::byte_offset(s, room)].to_owned();
    out.push_str(&suffix[..algo::byte_offset(suffix, n - room)]);
    new_string(&out)
}

fn to_camel_case(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(algo::camel_case(s))
}

fn to_snake_case(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(algo::identifier_words(s).join("_"))
}

fn to_kebab_case(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(algo::identifier_words(s).join("-"))
}

fn to_pascal_case(_: &mut dyn Engine, s: &str) -> Fallible<String> {
    Ok(algo::pascal_case(s))
}

fn is_digit(_: &mut dyn Engine, s: &str) -> Fallible<bool> {
    Ok(algo::every(s, |c| c.is_ascii_digit()))
}

fn is_alpha(_: &mut dyn Engine, s: &str) -> Fallible<bool> {
    Ok(algo::every(s, char::is_alphabetic))
}

fn is_alnum(_: &mut dyn Engine, s: &str) -> Fallible<bool> {
    Ok(algo::every(s, char::is_alphanumeric))
}

fn is_space(_: &mut dyn Engine, s: &str) -> Fallible<bool> {
    Ok(algo::every(s, char::is_whitespace))
}

fn is_upper(_: &mut dyn Engine, s: &str) -> Fallible<bool> {
    Ok(algo::has_only_case(s, char::is_uppercase, char::is_lowercase))
}

fn is_lower(_: &mut dyn Engine, s: &str) -> Fallible<bool> {
    Ok(algo::has_only_case(s, char::is_lowercase, char::is_uppercase))
}

fn normalize(_: &mut dyn Engine, s: &str, form: &str) -> Fallible<String> {
    algo::normalize(s, form)
        .ok_or_else(|| faults::argument_value("normalize", "form", "NFC, NFD, NFKC or NFKD", format_args!("\"{form}\"")))
}

fn graphemes(_: &mut dyn Engine, s: &str) -> Fallible<Value> {
    strings(algo::graphemes(s))
}

fn width(_: &mut dyn Engine, s: &str) -> Fallible<usize> {
    Ok(algo::width(s))
}

fn levenshtein(engine: &mut dyn Engine, a: &str, b: &str) -> Fallible<usize> {
    algo::levenshtein(a, b, || engine.poll())
}

fn strip_prefix(_: &mut dyn Engine, s: &str, prefix: &str) -> Fallible<Value> {
    new_string(s.strip_prefix(prefix).unwrap_or(s))
}

fn strip_suffix(_: &mut dyn Engine, s: &str, suffix: &str) -> Fallible<Value> {
    new_string(s.strip_suffix(suffix).unwrap_or(s))
}

fn partition_text(_: &mut dyn Engine, s: &str, sep: &str) -> Fallible<Value> {
    if sep.is_empty() {
        return Err(faults::argument_value("partition", "by", "a string that is not empty", "\"\""));
    }
    match s.split_once(sep) {
        Some((before, after)) => strings([before, sep, after]),
        None => strings([s, "", ""]),
    }
}

fn ord(_: &mut dyn Engine, s: &str) -> Fallible<i64> {
    let mut chars = s.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(i64::from(u32::from(c))),
        _ => Err(faults::argument_value("ord", "s", "a string of one character", format_args!("\"{s}\""))),
    }
}

fn chr(_: &mut dyn Engine, code: i64) -> Fallible<Value> {
    let c = u32::try_from(code).ok().and_then(char::from_u32);
    let c = c.ok_or_else(|| faults::argument_value("chr", "code", "a code point", code))?;
    new_string(c.encode_utf8(&mut [0; 4]))
}

fn fill_template(engine: &mut dyn Engine, template: &str, values: Rest) -> Fallible<String> {
    template::fill(engine, template, values)
}
