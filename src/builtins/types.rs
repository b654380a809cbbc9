//! The types that rows of the builtin table speak of: in documentation, in faults, and as knowledge for the
//! checker and the compilers.

/// A type as the table declares it; wider than the types of values (`Number`, `Iterable`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(non_camel_case_types)]
pub enum Type {
    any,
    null,
    bool,
    int,
    float,
    number,
    string,
    bytes,
    array,
    dict,
    set,
    function,
    iterable,
    iterator,
    collection,
    result,
    option,
    error,
    type_,
    never,
}

impl Type {
    /// The name used in signatures.
    pub fn name(self) -> &'static str {
        match self {
            Type::any => "any",
            Type::null => "null",
            Type::bool => "bool",
            Type::int => "int",
            Type::float => "float",
            Type::number => "int | float",
            Type::string => "string",
            Type::bytes => "bytes",
            Type::array => "array",
            Type::dict => "dict",
            Type::set => "set",
            Type::function => "function",
            Type::iterable => "iterable",
            Type::iterator => "iterator",
            Type::collection => "collection",
            Type::result => "Result",
            Type::option => "Option",
            Type::error => "Error",
            Type::type_ => "type",
            Type::never => "never",
        }
    }
}
