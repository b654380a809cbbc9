//! What the string builtins compute, on plain text: no values, no engine.
//!
//! Positions and lengths count code points; the ASCII cases avoid decoding where it pays.
use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The first letter upper case, the rest lower case.
pub fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect(),
        None => String::new(),
    }
}

/// Every word capitalized; words are runs of letters, digits and apostrophes.
pub fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphanumeric() || (inside && matches!(c, '\'' | '’'));
    }
    out
}

/// The words of an identifier or a phrase: split at what is neither letter nor digit, and where case changes.
pub fn identifier_words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        if begins_word(&chars, i) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(c.to_lowercase());
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// `fooBar` begins a word at `B`, `HTTPServer` at `S`.
fn begins_word(chars: &[char], i: usize) -> bool {
    let Some(before) = i.checked_sub(1).map(|k| chars[k]) else { return false };
    let next_is_lower = chars.get(i + 1).is_some_and(|c| c.is_lowercase());
    chars[i].is_uppercase() && (before.is_lowercase() || before.is_numeric() || (before.is_uppercase() && next_is_lower))
}

/// `someName`.
pub fn camel_case(text: &str) -> String {
    let words = identifier_words(text);
    words.iter().enumerate().map(|(i, word)| if i == 0 { word.clone() } else { capitalize(word) }).collect()
}

/// `SomeName`.
pub fn pascal_case(text: &str) -> String {
    identifier_words(text).iter().map(|word| capitalize(word)).collect()
}

/// `some-name`: lower case letters and digits without diacritics, joined by hyphens.
pub fn slugify(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfd().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !unicode_normalization::char::is_combining_mark(c) && !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

/// The number of insertions, deletions and replacements of code points that make `right` of `left`.
///
/// `poll` is asked once per row and may end the work.
pub fn levenshtein<E>(left: &str, right: &str, mut poll: impl FnMut() -> Result<(), E>) -> Result<usize, E> {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        poll()?;
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    Ok(row[right.len()])
}

/// The columns that a terminal needs for the text.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// What a reader takes for one character.
pub fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true)
}

/// One of the four normal forms, by name.
pub fn normalize(text: &str, form: &str) -> Option<String> {
    match form {
        "NFC" => Some(text.nfc().collect()),
        "NFD" => Some(text.nfd().collect()),
        "NFKC" => Some(text.nfkc().collect()),
        "NFKD" => Some(text.nfkd().collect()),
        _ => None,
    }
}

/// Which end of a text an operation works on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Start,
    End,
    Both,
}

/// Without white space, or without the characters of `set`, at the ends.
pub fn trim<'a>(text: &'a str, set: Option<&str>, side: Side) -> &'a str {
    let Some(set) = set else {
        return match side {
            Side::Start => text.trim_start(),
            Side::End => text.trim_end(),
            Side::Both => text.trim(),
        };
    };
    let set: HashSet<char> = set.chars().collect();
    match side {
        Side::Start => text.trim_start_matches(|c| set.contains(&c)),
        Side::End => text.trim_end_matches(|c| set.contains(&c)),
        Side::Both => text.trim_matches(|c| set.contains(&c)),
    }
}

/// The lines of a text: `\n`, `\r\n` or `\r` end one; a last empty line does not count.
pub struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Lines<'a> {
        Lines { rest: text }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(end) = memchr::memchr2(b'\n', b'\r', self.rest.as_bytes()) else {
            return Some(std::mem::take(&mut self.rest));
        };
        let line = &self.rest[..end];
        let after = &self.rest[end..];
        self.rest = &after[if after.starts_with("\r\n") { 2 } else { 1 }..];
        Some(line)
    }
}

/// The pieces of `text` between separators (white space without one; characters with an empty one), at most `limit` of
/// them: the last keeps the rest.
pub fn split<'a>(text: &'a str, separator: Option<&str>, limit: usize) -> Vec<&'a str> {
    match separator {
        Some("") => split_chars(text, limit),
        Some(separator) => match separator.as_bytes() {
            &[byte] => AtByte::new(text, byte, limit).collect(),
            _ => text.splitn(limit, separator).collect(),
        },
        None => split_white_space(text, limit),
    }
}

/// Bytes of a text whose pieces are counted before they are listed.
const SHORT: usize = 1024;
/// Bytes that are looked at eight by eight before the rest is searched at once, which begins slowly.
const NEAR: usize = 64;

/// The pieces of a text between separators of one byte, which is a whole character.
pub struct AtByte<'a> {
    text: &'a str,
    separator: u8,
    /// Where the next piece begins, and how many there may be.
    start: usize,
    limit: usize,
    /// The top bits of those of the eight bytes before `seen` that are separators and were not come to.
    hits: u64,
    seen: usize,
    /// Pieces there are at least.
    least: usize,
}

impl<'a> AtByte<'a> {
    pub fn new(text: &'a str, separator: u8, limit: usize) -> AtByte<'a> {
        // Counting is faster than growing from nothing.
        let short = &text.as_bytes()[..text.len().min(SHORT)];
        let least = (memchr::memchr_iter(separator, short).count() + 1).min(limit);
        AtByte { text, separator, start: 0, limit, hits: 0, seen: 0, least }
    }

    /// Position of the first separator from `start` on.
    #[inline]
    fn find(&mut self) -> Option<usize> {
        const LOW: u64 = u64::MAX / 255;
        const HIGH: u64 = LOW << 7;
        let bytes = self.text.as_bytes();
        while self.hits == 0 {
            let rest = &bytes[self.seen..];
            let Some(next) = rest.first_chunk::<8>().filter(|_| self.seen < self.start + NEAR) else {
                let at = self.seen + memchr::memchr(self.separator, rest)?;
                self.seen = at + 1;
                return Some(at);
            };
            let differing = u64::from_le_bytes(*next) ^ (LOW * u64::from(self.separator));
            self.hits = !(((differing | HIGH) - LOW) | differing) & HIGH;
            self.seen += 8;
        }
        let at = self.seen - 8 + self.hits.trailing_zeros() as usize / 8;
        self.hits &= self.hits - 1;
        Some(at)
    }
}

impl<'a> Iterator for AtByte<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        self.limit = self.limit.checked_sub(1)?;
        let found = if self.limit == 0 { None } else { self.find() };
        let Some(end) = found else {
            self.limit = 0;
            return Some(&self.text[self.start..]);
        };
        let piece = &self.text[self.start..end];
        self.start = end + 1;
        Some(piece)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.least, None)
    }
}

fn split_chars(text: &str, limit: usize) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if out.len() + 1 >= limit {
            out.push(rest);
            break;
        }
        let (first, after) = rest.split_at(c.len_utf8());
        out.push(first);
        rest = after;
    }
    out
}

fn split_white_space(text: &str, limit: usize) -> Vec<&str> {
    if limit == usize::MAX {
        return text.split_whitespace().collect();
    }
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if out.len() + 1 >= limit {
            out.push(rest.trim_end());
            break;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        out.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    out
}

/// Like [`split`], but counting the pieces from the end: the first keeps the rest.
pub fn rsplit<'a>(text: &'a str, separator: Option<&str>, limit: usize) -> Vec<&'a str> {
    let mut out: Vec<&str> = match separator {
        Some("") => return rsplit_chars(text, limit),
        Some(separator) => text.rsplitn(limit, separator).collect(),
        None => rsplit_white_space(text, limit),
    };
    out.reverse();
    out
}

fn rsplit_chars(text: &str, limit: usize) -> Vec<&str> {
    let mut out: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next_back() {
        if out.len() + 1 >= limit {
            out.push(rest);
            break;
        }
        let (before, last) = rest.split_at(rest.len() - c.len_utf8());
        out.push(last);
        rest = before;
    }
    out.reverse();
    out
}

fn rsplit_white_space(text: &str, limit: usize) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        if out.len() + 1 >= limit {
            out.push(rest.trim_start());
            break;
        }
        let gap = rest.char_indices().rev().find(|(_, c)| c.is_whitespace());
        let begin = gap.map_or(0, |(at, c)| at + c.len_utf8());
        out.push(&rest[begin..]);
        rest = rest[..begin].trim_end();
    }
    out
}

/// Is the text not empty and is every character of this class?
pub fn every(text: &str, class: fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(class)
}

/// Has the text a letter with case, and no letter of the other case?
pub fn has_only_case(text: &str, wanted: fn(char) -> bool, other: fn(char) -> bool) -> bool {
    text.chars().any(wanted) && !text.chars().any(other)
}

/// The byte offset of code point number `index`, the length of the text if there are not so many.
pub fn byte_offset(text: &str, index: usize) -> usize {
    if text.is_ascii() {
        return index.min(text.len());
    }
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_fall_into_words() {
        assert_eq!(identifier_words("HTTPServer v2-fooBar"), ["http", "server", "v2", "foo", "bar"]);
        assert_eq!(camel_case("some_long name"), "someLongName");
        assert_eq!(slugify(" Ça va, très bien! "), "ca-va-tres-bien");
    }

    #[test]
    fn limits_count_pieces() {
        assert_eq!(split("a  b c ", None, 2), ["a", "b c"]);
        assert_eq!(rsplit("a b c", None, 2), ["a b", "c"]);
        assert_eq!(split("a,b,c", Some(","), 2), ["a", "b,c"]);
        assert_eq!(rsplit("a,b,c", Some(","), 2), ["a,b", "c"]);
        assert_eq!(split("abc", Some(""), 2), ["a", "bc"]);
        assert_eq!(split("a,b,c", Some(","), 1), ["a,b,c"]);
    }

    #[test]
    fn pieces_of_all_lengths_are_found() {
        let text: String =
            (0..300_usize).map(|length| "é+\u{c}-".repeat(length * 7 % 41) + &"x".repeat(length % 9) + ",").collect();
        for (end, _) in text.char_indices() {
            for separator in [",", "-", "\u{c}", "x", "q"] {
                assert!(
                    split(&text[..end], Some(separator), usize::MAX)
                        .iter()
                        .eq(&text[..end].split(separator).collect::<Vec<_>>())
                );
            }
        }
    }

    #[test]
    fn every_line_end_counts() {
        assert_eq!(Lines::new("a\r\nb\rc\n\nd\n").collect::<Vec<_>>(), ["a", "b", "c", "", "d"]);
        assert_eq!(Lines::new("").count(), 0);
    }

    #[test]
    fn distance_counts_edits() {
        let distance = |a, b| levenshtein::<()>(a, b, || Ok(()));
        assert_eq!(distance("kitten", "sitting"), Ok(3));
        assert_eq!(distance("", "äb"), Ok(2));
    }
}
