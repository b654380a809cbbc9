//! The forms of expressions, by type: a weight, the text with `@` for operands, and the operands.
//!
//! `grows` forms can give a value much larger than their operands; who stores such a value cuts it down first, or loops
//! would build giants.

/// What stands for an `@`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Operand {
    Int,
    /// An int literal from 0 to 4, 70 or 6: an exponent, a width of a shift, a count.
    Exponent,
    Width,
    Count,
    /// An int that fits as index, mostly.
    Index,
    Float,
    Number,
    Bool,
    Text,
    Maybe,
    Any,
    Ints,
    Floats,
    Numbers,
    Texts,
    IntDict,
    TextDict,
    /// The type of the form itself, and for arrays and dicts the type of an element.
    Same,
    Element,
    /// Functions with an int, an element, two elements or an array's kind of element and a number.
    IntToInt,
    IntToBool,
    IntsToInt,
    ElementToElement,
    ElementToBool,
    ElementToInt,
}

pub struct Form {
    pub weight: u64,
    pub text: &'static str,
    pub operands: &'static [Operand],
    pub grows: bool,
}

const fn form(weight: u64, text: &'static str, operands: &'static [Operand]) -> Form {
    Form { weight, text, operands, grows: false }
}

const fn grows(weight: u64, text: &'static str, operands: &'static [Operand]) -> Form {
    Form { weight, text, operands, grows: true }
}

use Operand::*;

pub const INT: &[Form] = &[
    form(8, "(@ + @)", &[Int, Int]),
    form(6, "(@ - @)", &[Int, Int]),
    grows(6, "(@ * @)", &[Int, Int]),
    form(2, "(@ / @)", &[Int, Int]),
    form(2, "(@ % @)", &[Int, Int]),
    form(2, "(@ / 3)", &[Int]),
    form(3, "(@ % 7)", &[Int]),
    grows(1, "(@ ** @)", &[Int, Exponent]),
    form(1, "(@ & @)", &[Int, Int]),
    form(1, "(@ | @)", &[Int, Int]),
    form(1, "(@ ^ @)", &[Int, Int]),
    form(1, "~@", &[Int]),
    form(2, "(-@)", &[Int]),
    grows(1, "(@ << @)", &[Int, Width]),
    form(1, "(@ >> @)", &[Int, Width]),
    form(1, "abs(@)", &[Int]),
    form(1, "min(@, @)", &[Int, Int]),
    form(1, "max(@, @)", &[Int, Int]),
    form(1, "clamp(@, -5, @)", &[Int, Int]),
    form(1, "gcd(@, @)", &[Int, Int]),
    form(1, "floor_div(@, @)", &[Int, Int]),
    form(1, "@.sign()", &[Int]),
    form(1, "to_int(@)", &[Float]),
    form(1, "int(@)", &[Number]),
    form(1, "to_int(to_string(@))", &[Int]),
    form(3, "len(@)", &[Ints]),
    form(1, "@.len()", &[Text]),
    form(1, "len(@)", &[TextDict]),
    form(4, "@[@]", &[Ints, Index]),
    form(1, "@[-1]", &[Ints]),
    form(2, "(@[@] ?? @)", &[IntDict, Int, Int]),
    form(2, "@.get(@, @)", &[TextDict, Text, Int]),
    form(2, "(@ ?? @)", &[Maybe, Int]),
    form(1, "@.sum()", &[Ints]),
    form(1, "@.reduce(@, @)", &[Ints, Int, IntsToInt]),
    form(1, "@.map(@).sum()", &[Ints, IntToInt]),
    form(1, "@.count(@)", &[Ints, IntToBool]),
    form(1, "@.index_of(@)", &[Ints, Int]),
    form(2, "(if @ { @ } else { @ })", &[Bool, Int, Int]),
    form(1, "(match @ { case 0 | 1: @\n case 2..=900: @\n case int as n: n\n })", &[Int, Int, Int]),
    form(1, "(@ |> abs)", &[Int]),
    form(1, "ord(@[0])", &[Text]),
    form(1, "(@ ?? 0)", &[Maybe]),
    form(1, "(@.find(@) ?? 0)", &[Ints, IntToBool]),
    form(1, "to_int(@)", &[Bool]),
];

pub const FLOAT: &[Form] = &[
    form(6, "(@ + @)", &[Float, Float]),
    form(4, "(@ - @)", &[Float, Float]),
    form(5, "(@ * @)", &[Float, Float]),
    form(2, "(@ / @)", &[Float, Float]),
    form(1, "(@ % @)", &[Float, Float]),
    form(2, "(@ + @)", &[Float, Int]),
    form(2, "(@ * @)", &[Int, Float]),
    form(1, "(@ - @)", &[Int, Float]),
    form(1, "(@ / @)", &[Int, Float]),
    form(1, "(@ ** 2)", &[Float]),
    form(2, "(-@)", &[Float]),
    form(1, "sqrt(abs(@))", &[Float]),
    form(1, "to_float(@)", &[Int]),
    form(1, "float(@)", &[Number]),
    form(1, "min(@, @)", &[Float, Float]),
    form(1, "max(@, @)", &[Float, Float]),
    form(1, "abs(@)", &[Float]),
    form(3, "@[@]", &[Floats, Index]),
    form(1, "@.map(x => x * 0.5)[0]", &[Floats]),
    form(2, "(if @ { @ } else { @ })", &[Bool, Float, Float]),
    form(1, "@.sum() * 1.0", &[Floats]),
];

pub const BOOL: &[Form] = &[
    form(4, "(@ < @)", &[Int, Int]),
    form(2, "(@ <= @)", &[Int, Int]),
    form(3, "(@ > @)", &[Int, Int]),
    form(2, "(@ == @)", &[Int, Int]),
    form(1, "(@ != @)", &[Int, Int]),
    form(4, "(@ % 3 == 0)", &[Int]),
    form(2, "(@ < @)", &[Float, Float]),
    form(1, "(@ >= @)", &[Float, Float]),
    form(1, "(@ == @)", &[Float, Float]),
    form(2, "(@ < @)", &[Number, Number]),
    form(1, "(@ == @)", &[Number, Number]),
    form(1, "(@ > @)", &[Text, Text]),
    form(1, "(@ == @)", &[Text, Text]),
    form(1, "(@ == @)", &[Any, Any]),
    form(1, "(@ != @)", &[Any, Any]),
    form(1, "same(@, @)", &[Any, Any]),
    form(1, "(@ == @)", &[Ints, Ints]),
    form(1, "(@ < @)", &[Numbers, Numbers]),
    form(2, "!@", &[Bool]),
    form(1, "(not @)", &[Bool]),
    form(2, "(@ && @)", &[Bool, Bool]),
    form(2, "(@ or @)", &[Bool, Bool]),
    form(1, "(@ in @)", &[Int, Ints]),
    form(1, "(@ not in @)", &[Text, Text]),
    form(1, "(@ in @)", &[Text, TextDict]),
    form(1, "@.contains(@)", &[Ints, Int]),
    form(1, "any(@, @)", &[Ints, IntToBool]),
    form(1, "all(@, @)", &[Ints, IntToBool]),
    form(1, "(@ == null)", &[Maybe]),
    form(1, "is_nan(@)", &[Float]),
    form(1, "is_int(@)", &[Any]),
    form(1, "@.starts_with(\"a\")", &[Text]),
];

pub const TEXT: &[Form] = &[
    grows(4, "(@ + @)", &[Text, Text]),
    grows(2, "(@ + @)", &[Text, Int]),
    form(3, "\"<${@}>\"", &[Int]),
    grows(2, "\"${@}|${@:?}\"", &[Text, Any]),
    form(1, "\"${@:>8}\"", &[Int]),
    form(1, "\"${@:.2}\"", &[Number]),
    form(1, "to_string(@)", &[Int]),
    form(1, "\"\" + @", &[Float]),
    form(1, "@.upper()", &[Text]),
    form(1, "str_reverse(@)", &[Text]),
    form(3, "@[@]", &[Text, Index]),
    form(2, "@[@..]", &[Text, Count]),
    form(1, "@[-2..]", &[Text]),
    form(1, "type(@)", &[Any]),
    grows(1, "(@ * @)", &[Text, Count]),
    form(1, "@.replace(\"a\", \"bc\")", &[Text]),
    grows(1, "@.join(\",\")", &[Ints]),
    form(2, "@[@]", &[Texts, Index]),
    form(2, "(if @ { @ } else { @ })", &[Bool, Text, Text]),
    form(1, "(match @ { case \"\": \"none\"\n case \"a\"..=\"m\": @\n default: \"far\"\n })", &[Text, Text]),
];

pub const MAYBE: &[Form] = &[
    form(2, "@.get(@)", &[TextDict, Text]),
    form(2, "@.find(@)", &[Ints, IntToBool]),
    form(1, "@.first()", &[Ints]),
    form(1, "@?.a", &[TextDict]),
    form(1, "(@ ?? null)", &[Maybe]),
    form(1, "(if @ { @ })", &[Bool, Int]),
];

pub const ARRAY: &[Form] = &[
    form(5, "[@, @]", &[Element, Element]),
    form(2, "[@]", &[Element]),
    form(2, "[@, @, @, @]", &[Element, Element, Element, Element]),
    form(2, "[]", &[]),
    grows(2, "(@ + @)", &[Same, Same]),
    form(3, "[...@, @]", &[Same, Element]),
    grows(1, "[...@, ...@]", &[Same, Same]),
    form(1, "@[@..]", &[Same, Count]),
    form(1, "@[..=2]", &[Same]),
    form(1, "@[1..-1]", &[Same]),
    form(1, "@.reverse()", &[Same]),
    form(1, "push(@, @)", &[Same, Element]),
    form(2, "@.map(@)", &[Same, ElementToElement]),
    form(2, "filter(@, @)", &[Same, ElementToBool]),
    form(1, "@.sort_by(@)", &[Same, ElementToInt]),
    form(1, "@.take(@)", &[Same, Count]),
    form(1, "@.skip(@)", &[Same, Count]),
    form(1, "@.unique()", &[Same]),
    grows(1, "@.flat_map(x => [x, x])", &[Same]),
    form(1, "take_while(@, @)", &[Same, ElementToBool]),
    form(1, "@.iter().filter(@).to_array()", &[Same, ElementToBool]),
    grows(1, "(@ * @)", &[Same, Count]),
    form(1, "(if @ { @ } else { @ })", &[Bool, Same, Same]),
];

/// Besides [`ARRAY`], for arrays of ints and of strings.
pub const INTS: &[Form] = &[
    form(3, "(0..@)", &[Count]),
    form(1, "(@..=5)", &[Count]),
    form(1, "range(0, 9, @ + 1)", &[Count]),
    form(1, "@.values()", &[TextDict]),
    form(1, "@.keys()", &[IntDict]),
    form(1, "sort(@)", &[Ints]),
    form(1, "@.enumerate().map(p => p[0] + p[1])", &[Ints]),
    form(1, "@.map(x => x.len())", &[Texts]),
];

pub const TEXTS: &[Form] = &[
    form(1, "@.keys()", &[TextDict]),
    form(1, "@.chars()", &[Text]),
    form(1, "@.split(\"b\")", &[Text]),
    form(1, "@.map(x => \"${x}\")", &[Ints]),
];

pub const TEXT_DICT: &[Form] = &[
    form(4, "({a: @, b: @})", &[Element, Element]),
    form(2, "({})", &[]),
    form(2, "({...@, (@): @})", &[Same, Text, Element]),
    form(1, "({...@, ...@})", &[Same, Same]),
    form(1, "({\"k${@ % 5}\": @})", &[Int, Element]),
    form(1, "@.map_values(@)", &[Same, ElementToElement]),
];

pub const INT_DICT: &[Form] = &[
    form(4, "({1: @, (@): @})", &[Element, Int, Element]),
    form(2, "({})", &[]),
    form(2, "({...@, (@ % 9): @})", &[Same, Int, Element]),
    form(1, "({(@ + 0.0): @})", &[Int, Element]),
];
