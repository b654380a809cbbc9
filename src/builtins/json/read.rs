//! Reading JSON.
use super::super::Engine;
use super::super::arg::Within;
use super::super::dict::insert_fault;
use crate::semantics::fault::{Raise, faults};
use crate::value::{ArrRef, DictRef, IBig, Value, array, dict};

type Fallible<T = Value> = Result<T, Raise>;

/// An array or object that is not closed yet.
enum Open {
    Array(ArrRef),
    /// With the key whose value is being read.
    Object(DictRef, Value),
}

/// How many short keys are remembered, so that rows of objects share them.
const REMEMBERED: usize = 256;

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    keys: Vec<Option<(&'a str, Value)>>,
}

/// The value of a JSON text.
pub fn parse(engine: &mut dyn Engine, text: &str) -> Fallible {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, keys: vec![None; REMEMBERED] };
    let mut open: Vec<Open> = Vec::new();
    let mut values = 0u32;
    loop {
        values = values.wrapping_add(1);
        if values.is_multiple_of(16384) {
            engine.poll()?;
        }
        let Some(mut value) = reader.begin_value(&mut open)? else { continue };
        // Closes everything that ends with this value.
        loop {
            let Some(top) = open.last_mut() else {
                reader.skip_space();
                return if reader.at == reader.bytes.len() {
                    Ok(value)
                } else {
                    Err(reader.fault("nothing may follow the value"))
                };
            };
            if reader.put(top, value)? {
                break;
            }
            value = match open.pop() {
                Some(Open::Array(items)) => Value::Array(items),
                Some(Open::Object(entries, _)) => Value::Dict(entries),
                None => Value::Null,
            };
        }
    }
}

impl<'a> Reader<'a> {
    /// A complete scalar or empty container; `None` if a container was opened and its first value is to come.
    fn begin_value(&mut self, open: &mut Vec<Open>) -> Fallible<Option<Value>> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.string().map(Some),
            Some(b'{') => {
                self.at += 1;
                self.skip_space();
                if self.eat(b'}') {
                    return Ok(Some(Value::Dict(dict::new())));
                }
                let key = self.key()?;
                open.push(Open::Object(dict::new(), key));
                Ok(None)
            }
            Some(b'[') => {
                self.at += 1;
                self.skip_space();
                if self.eat(b']') {
                    return Ok(Some(Value::Array(array::new())));
                }
                open.push(Open::Array(array::new()));
                Ok(None)
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(Some),
            Some(b't') => self.word("true", Value::from(true)).map(Some),
            Some(b'f') => self.word("false", Value::from(false)).map(Some),
            Some(b'n') => self.word("null", Value::Null).map(Some),
            Some(_) => Err(self.fault(&format!("a value must stand here, not {}", self.found()))),
            None => Err(self.fault("the text ends where a value must stand")),
        }
    }

    /// Puts a value into its container; true if another value follows, false if the container is closed.
    fn put(&mut self, top: &mut Open, value: Value) -> Fallible<bool> {
        match top {
            Open::Array(items) => {
                array::make_unique(items).within("parse_json")?.push(value).within("parse_json")?;
                self.skip_space();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b']') => {
                        self.at += 1;
                        return Ok(false);
                    }
                    _ => return Err(self.fault(&format!("`,` or `]` must follow an item, not {}", self.found()))),
                }
            }
            Open::Object(entries, key) => {
                dict::make_unique(entries).within("parse_json")?.insert(key.take(), value).map_err(insert_fault)?;
                self.skip_space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_space();
                        *key = self.key()?;
                    }
                    Some(b'}') => {
                        self.at += 1;
                        return Ok(false);
                    }
                    _ => return Err(self.fault(&format!("`,` or `}}` must follow an entry, not {}", self.found()))),
                }
            }
        }
        Ok(true)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// What stands here, for an error.
    fn found(&self) -> String {
        match self.text[self.at..].chars().next() {
            Some(c) => format!("`{c}`"),
            None => "the end of the text".to_owned(),
        }
    }

    #[cold]
    fn fault(&self, message: &str) -> Raise {
        self.fault_at(self.at, message)
    }

    #[cold]
    fn fault_at(&self, at: usize, message: &str) -> Raise {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        faults::parse("JSON", line, column, message)
    }

    fn word(&mut self, word: &str, value: Value) -> Fallible {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault("only true, false and null are words of JSON"));
        }
        self.at += word.len();
        Ok(value)
    }

    /// A key and its colon. Short keys that were read before share one string.
    fn key(&mut self) -> Fallible {
        if self.peek() != Some(b'"') {
            return Err(self.fault(&format!("a key in double quotes must stand here, not {}", self.found())));
        }
        let begin = self.at + 1;
        let end = self.plain_end(begin);
        let key = if self.bytes.get(end) == Some(&b'"') && end - begin <= 32 {
            self.at = end + 1;
            self.shared_key(begin, end)?
        } else {
            self.string()?
        };
        self.skip_space();
        if !self.eat(b':') {
            return Err(self.fault(&format!("`:` must follow a key, not {}", self.found())));
        }
        Ok(key)
    }

    fn shared_key(&mut self, begin: usize, end: usize) -> Fallible {
        let text = &self.text[begin..end];
        let bytes = text.as_bytes();
        let sample = |at: usize| usize::from(bytes.get(at).copied().unwrap_or(0));
        let place =
            (bytes.len() * 31 + sample(0) * 7 + sample(bytes.len() / 2) * 13 + sample(bytes.len().wrapping_sub(1)) * 17)
                % REMEMBERED;
        if let Some((known, key)) = &self.keys[place]
            && *known == text
        {
            return Ok(key.clone());
        }
        let key = Value::existing_literal(text).map_or_else(|| Value::try_str(text), Ok).within("parse_json")?;
        self.keys[place] = Some((text, key.clone()));
        Ok(key)
    }

    /// The first byte from `at` on that ends a string or needs a closer look.
    #[inline]
    fn plain_end(&self, at: usize) -> usize {
        let rest = &self.bytes[at..];
        at + rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\')).unwrap_or(rest.len())
    }

    /// A string in double quotes.
    fn string(&mut self) -> Fallible {
        let begin = self.at + 1;
        let end = self.plain_end(begin);
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Value::try_str(&self.text[begin..end]).within("parse_json");
        }
        let mut out = String::new();
        let mut from = begin;
        loop {
            let end = self.plain_end(from);
            out.push_str(&self.text[from..end]);
            self.at = end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Value::try_str(&out).within("parse_json");
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.fault("control characters in a string must be escaped")),
                None => return Err(self.fault_at(begin - 1, "the string is not closed")),
            }
            from = self.at;
        }
    }

    fn escape(&mut self) -> Fallible<char> {
        let begin = self.at;
        let letter = self.bytes.get(begin + 1).copied();
        self.at += 2;
        Ok(match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(begin),
            _ => return Err(self.fault_at(begin, "only \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX are escapes of JSON")),
        })
    }

    /// `\uXXXX`, or two of them for a character beyond the first plane.
    fn unicode_escape(&mut self, begin: usize) -> Fallible<char> {
        let first = self.hex4(begin)?;
        let code = match first {
            0xD800..=0xDBFF if self.bytes[self.at..].starts_with(b"\\u") => {
                self.at += 2;
                let second = self.hex4(begin)?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(self.fault_at(begin, "a surrogate must be followed by its other half"));
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.fault_at(begin, "a surrogate must be followed by its other half"))
    }

    fn hex4(&mut self, begin: usize) -> Fallible<u32> {
        let digits = self.bytes.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        code.ok_or_else(|| self.fault_at(begin, "\\u needs four hexadecimal digits"))
    }

    fn digits(&mut self) -> usize {
        let begin = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - begin
    }

    fn number(&mut self) -> Fallible {
        let begin = self.at;
        let negative = self.eat(b'-');
        let first = self.at;
        if self.digits() == 0 {
            return Err(self.fault("a digit must follow `-`"));
        }
        if self.bytes[first] == b'0' && self.at - first > 1 {
            return Err(self.fault_at(first, "a number must not begin with 0"));
        }
        let whole_end = self.at;
        if self.eat(b'.') && self.digits() == 0 {
            return Err(self.fault("a digit must follow `.`"));
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.fault("a digit must follow the exponent sign"));
            }
        }
        let text = &self.text[begin..self.at];
        if self.at > whole_end {
            return text.parse().map(Value::Float).map_err(|_| self.fault_at(begin, "not a number"));
        }
        if whole_end - first <= 18 {
            let magnitude = self.bytes[first..whole_end].iter().fold(0, |n, digit| n * 10 + i64::from(digit - b'0'));
            return Ok(Value::Int(if negative { -magnitude } else { magnitude }));
        }
        let big: Result<IBig, _> = text.parse();
        big.map(Value::int_from).map_err(|_| self.fault_at(begin, "not a number"))
    }
}
