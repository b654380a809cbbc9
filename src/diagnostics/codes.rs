//! The table of diagnostic codes: number, title, and the long explanation that `ruff explain` shows.
//!
//! A code groups diagnostics that a reader would look up together; the message says what is wrong in the case
//! at hand. Codes starting `E0` come from lexer and parser, `E1` from the resolver, `W` are warnings. Numbers are
//! public: once given they are not reused.

/// What the table says of one code.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    pub code: Code,
    /// `E001` and the like.
    pub id: &'static str,
    pub title: &'static str,
    pub explanation: &'static str,
}

macro_rules! codes {
    ($($name:ident $id:literal $title:literal $explanation:literal;)*) => {
        /// The kind of a diagnostic.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Code { $(#[doc = $title] $name),* }

        /// Every code, in the order of the enum.
        pub static CODES: &[CodeInfo] = &[
            $(CodeInfo { code: Code::$name, id: $id, title: $title, explanation: $explanation }),*
        ];
    };
}

// name, number, title, explanation
codes! {
    InvalidCharacter "E001" "character that means nothing here"
        "The character is not part of any Ruff token. Typographic quotes and dashes that a word processor put in place of `\"`, `'` and `-` are the usual cause.";
    InvalidNumber "E002" "malformed number"
        "Numbers are `42`, `1_000`, `0xff`, `0b1010`, `0o17`, `1.5`, `1e9`. A float needs digits on both sides of the point.";
    UnclosedString "E003" "string without end"
        "A string runs to the next quote of its kind. The place shown is where it starts.";
    UnclosedComment "E004" "comment without end"
        "`/*` comments nest: each `/*` needs its own `*/`. The place shown is where the open one starts.";
    InvalidEscape "E005" "unknown escape in a string"
        "Escapes are `\\n \\t \\r \\0 \\\\ \\\" \\' \\$ \\xNN \\u{…}`. For text with many backslashes use a raw string: `r\"C:\\temp\"`.";
    InvalidFormat "E006" "malformed format specification"
        "After the `:` in `${value:spec}` stands `[[fill]<|^|>][+][#][0][width][,|_][.precision][x|X|o|b|e|E|?|%]`. Width and precision are digits or `{expr}`.";
    Unexpected "E007" "something else was expected here"
        "The text before this place asks for something else. The message names what would fit.";
    Unclosed "E008" "bracket without its partner"
        "Every `(`, `[`, `{` and `${` needs its closing partner. The place shown is the one that has none.";
    TooDeep "E009" "nesting too deep"
        "Brackets, blocks and prefix operators may be nested 2000 deep. Split the expression, or read such data from a file.";
    Habit "E010" "notation of another language"
        "Ruff has a different notation for this; the help says which.";
    Chained "E011" "operators that do not chain"
        "Comparisons, ranges and assignments do not chain: write `a < b && b < c`, and one assignment per line.";
    BadTarget "E012" "something that cannot be assigned to"
        "Left of `=` stand a name, an element (`xs[i]`), a field (`p.x`), or a pattern of names (`[a, b]`, `{x, y}`).";
    BadPattern "E013" "malformed pattern"
        "A `case` takes literals, ranges, names, types, variants, `[…]` and `{…}` patterns; other conditions go after `if`.";
    ArgumentOrder "E014" "positional argument after a named one"
        "Arguments by position come first, then those by name.";
    BadParameter "E015" "malformed parameter list"
        "Parameters are names with optional type and default; one `...rest` may stand among them, `self` comes first.";
    TooLarge "E016" "source text too large"
        "A source file may have at most 4 GiB, a function 32 767 variables, and some 65 000 each of method calls, literals of structs and the like.";
    MissingBraces "E017" "block without braces"
        "The body of `if`, `for`, `while`, `func` and the like is a block in braces, also when it is a single statement.";
    StatementBorder "E018" "two statements that run together"
        "Statements are separated by a newline or `;`. A call needs parentheses around its arguments.";
    BadImport "E019" "malformed import or export"
        "`import a.b`, `import a.b as m`, `from a.b import x, y as z`, `from m import *`. Paths are names joined by points, not strings.";
    DuplicateDefault "E020" "more than one `default` in a `match`"
        "A `match` has at most one `default` arm.";
    Misplaced "E100" "statement out of place"
        "`break` and `continue` belong into loops, `yield` into generators, `await` into async functions or the top level, `import` and `export` to the top level, `self` into methods.";
    UnknownLabel "E101" "unknown loop label"
        "`break name` and `continue name` leave or continue the enclosing loop written `name: for …`.";
    LeavesFinally "E102" "jump out of `finally`"
        "`return`, `break` and `continue` may not leave a `finally` block: the pending error or result would be lost.";
    Immutable "E103" "change of an immutable binding"
        "Names bound by `let`, `const`, `func`, `struct` and `enum` keep their value. Use `mut`, or `let` for a new variable.";
    ReadsLater "E104" "local variable made from a later outer one"
        "The function stands above the variable it means to change, so the assignment would create a local. Move the variable up, or write `let`.";
    Duplicate "E105" "name declared twice"
        "Within one scope, parameter list, declaration or literal a name may stand once.";
    PatternNames "E106" "pattern with clashing names"
        "A name binds once per pattern, and all alternatives of `|` bind the same names.";
    MutatingCoroutine "E107" "async or generator method that changes self"
        "The `self` of an async or generator method is a copy, so changing it would be lost. Return the new value instead.";
    TypeComparison "E108" "`type(x)` compared with a type"
        "`type(x)` is a string: write `type(x) == \"int\"` or `is_int(x)`.";
    ModuleNotFound "E109" "module that cannot be loaded"
        "Modules are looked for in the importing file's folder, the project's `src` and the installed packages.";
    ImportCycle "E110" "modules that import each other"
        "The chain of imports comes back to where it began. Move what both need into a third module.";
    UndefinedName "E111" "name found nowhere"
        "No variable, function, import or builtin has this name at this place.";
    WrongArguments "E112" "arguments that do not meet the parameters"
        "Whenever this call is reached it raises an error: the arguments are too many, too few, or have names that no parameter has.";
    WrongOperands "E113" "operands of a kind the operator does not take"
        "Whenever this is reached it raises an error. `+` joins strings with anything and arrays with arrays; other operators convert nothing.";
    WrongType "E114" "value that an annotation does not admit"
        "Under `--strict-types` this raises an error whenever it is reached. Change the value, or widen the annotation: `int | string`, `int?`, `any`.";
    RangeOfMethod "W001" "range whose end is a method call"
        "`1..n.map(f)` is `1..(n.map(f))`. To call a method of the range write `(1..n).map(f)`.";
    KeyIsVariable "W002" "bare key with the name of a variable"
        "`{name: 1}` has the key \"name\", whatever variables there are. The key `(name)` is the value of the variable.";
    IntDivision "W003" "int division where a float is wanted"
        "`7 / 2` is 3: int / int drops the fraction. Write one of them as a float: `7.0 / 2`.";
    NegatedOperand "W004" "`!` before a comparison"
        "`!a == b` is `(!a) == b`. `not a == b` negates the comparison.";
    UnreachableArm "W005" "arm that is never reached"
        "Arms are tried in order, and an earlier one takes everything that this one could.";
    MissingVariants "W006" "match that does not cover an enum"
        "As a statement such a match does nothing for the missing variants, as an expression it raises an error.";
    PairsInLoop "W007" "pairs in a loop with two names"
        "`for i, x in pairs` gives the position and the whole pair. `for [a, b] in pairs` takes each pair apart.";
    DiscardedResult "W008" "result that is thrown away"
        "The function changes nothing, so a call without use of its result does nothing.";
    CommentOrDivision "W009" "comment that looks like a division"
        "`//` starts a comment. `/` between ints drops the fraction, `floor_div(a, b)` rounds towards minus infinity.";
    Warning "W100" "suspicious code"
        "The program runs, but probably does not mean this.";
    Runtime "R000" "error at run time"
        "Raised while the program ran; the kind before the message says of which sort.";
}

impl Code {
    pub fn info(self) -> &'static CodeInfo {
        &CODES[self as usize]
    }

    pub fn id(self) -> &'static str {
        self.info().id
    }

    pub fn title(self) -> &'static str {
        self.info().title
    }

    /// The code with the number `id` (`E008`, in either case).
    pub fn find(id: &str) -> Option<Code> {
        CODES.iter().find(|info| info.id.eq_ignore_ascii_case(id)).map(|info| info.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_found() {
        for info in CODES {
            assert_eq!(Code::find(info.id), Some(info.code), "{}", info.id);
            assert_eq!(info.code.info().id, info.id);
        }
        assert_eq!(Code::find("e008"), Some(Code::Unclosed));
        assert_eq!(Code::find("E999"), None);
    }
}
