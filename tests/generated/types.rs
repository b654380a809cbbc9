//! The types that generated programs know, and the variables and declarations that have them.
use std::rc::Rc;

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Int,
    Float,
    /// An int or a float.
    Number,
    Bool,
    Text,
    /// An int or null.
    Maybe,
    Array(Rc<Type>),
    /// Keys are strings.
    TextDict(Rc<Type>),
    /// Keys are ints.
    IntDict(Rc<Type>),
    Struct(usize),
    Enum(usize),
    Function(Rc<Signature>),
    /// A small int that bounds how deep a function calls itself: below this.
    Depth(u64),
    /// A value that may be of any type.
    Any,
}

impl Type {
    pub fn array(of: Type) -> Type {
        Type::Array(Rc::new(of))
    }

    /// Can its values be changed in place?
    pub fn is_container(&self) -> bool {
        matches!(self, Type::Array(_) | Type::TextDict(_) | Type::IntDict(_) | Type::Struct(_))
    }

    /// Would a value of type `other` do for it?
    pub fn takes(&self, other: &Type) -> bool {
        self == other
            || *self == Type::Any
            || (*self == Type::Number && matches!(other, Type::Int | Type::Float))
            || (*self == Type::Maybe && *other == Type::Int)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    pub params: Vec<Type>,
    pub result: Type,
}

#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub is: Type,
    /// May generated statements change it? Counters of loops are not, so that these end.
    pub changes: bool,
    /// Statements that a call runs, for functions.
    pub cost: u64,
}

#[derive(Clone, Debug)]
pub struct Method {
    pub name: String,
    pub signature: Signature,
    pub mutates: bool,
    pub cost: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Struct {
    pub name: String,
    pub fields: Vec<(String, Type)>,
    pub methods: Vec<Method>,
    /// Has it an `op_add`?
    pub adds: bool,
}

#[derive(Clone, Debug)]
pub struct Enum {
    pub name: String,
    /// Names and payloads.
    pub variants: Vec<(String, Vec<Type>)>,
}
