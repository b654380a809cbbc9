//! Standard input of a program, by lines or as a whole.
use std::io::{self, BufRead, Cursor, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// The program's standard input, shared by all its threads.
#[derive(Clone)]
pub struct Input {
    reader: Arc<Mutex<Box<dyn BufRead + Send>>>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Input")
    }
}

impl Input {
    /// The process's own standard input.
    pub fn process() -> Input {
        Input::new(io::BufReader::new(io::stdin()))
    }

    /// Input from a text.
    pub fn from_text(text: &str) -> Input {
        Input::new(Cursor::new(text.as_bytes().to_vec()))
    }

    fn new(reader: impl BufRead + Send + 'static) -> Input {
        Input { reader: Arc::new(Mutex::new(Box::new(reader))) }
    }

    /// The next line without its end; `None` at the end of input.
    pub fn read_line(&self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        text(bytes).map(Some)
    }

    /// Everything that is left.
    pub fn read_all(&self) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).read_to_end(&mut bytes)?;
        text(bytes)
    }
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the input is not UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_any_line_end_and_the_last_may_lack_one() {
        let input = Input::from_text("a\r\n\nb");
        let lines: Vec<_> = std::iter::from_fn(|| input.read_line().unwrap()).collect();
        assert_eq!(lines, ["a", "", "b"]);
    }

    #[test]
    fn the_rest_can_be_read_as_a_whole() {
        let input = Input::from_text("first\nx\ny\n");
        input.read_line().unwrap();
        assert_eq!(input.read_all().unwrap(), "x\ny\n");
    }
}
