//! Whether to colour, per stream: `--color`, then `NO_COLOR`, then `FORCE_COLOR` and `CLICOLOR_FORCE`, then the terminal.
use std::io::IsTerminal;

use clap::ValueEnum;

use crate::diagnostics::{RenderOptions, Style};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum ColourChoice {
    #[default]
    Auto,
    Always,
    Never,
}

impl ColourChoice {
    /// How to draw on standard error.
    pub fn on_stderr(self) -> RenderOptions {
        self.on(std::io::stderr().is_terminal())
    }

    /// How to draw on standard output.
    pub fn on_stdout(self) -> RenderOptions {
        self.on(std::io::stdout().is_terminal())
    }

    fn on(self, terminal: bool) -> RenderOptions {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let forced = |name: &str| set(name) && std::env::var_os(name).is_some_and(|value| value != "0");
        let coloured = match self {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto if set("NO_COLOR") => false,
            ColourChoice::Auto => forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") || terminal,
        };
        RenderOptions { style: if coloured { Style::Coloured } else { Style::Plain }, limit: 0 }
    }
}

/// Text in one of the colours of reports, if `options` say so.
pub fn paint(text: &str, code: &str, options: RenderOptions) -> String {
    match options.style {
        Style::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        Style::Plain => text.to_owned(),
    }
}

pub const GREEN: &str = "32";
pub const RED: &str = "1;31";
pub const DIM: &str = "2";
