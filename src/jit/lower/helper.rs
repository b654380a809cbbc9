//! The functions of the runtime that compiled code calls: what they take and give, in words, and by which names they are linked.
//!
//! `jit::helpers` has their addresses.

/// Functions of the runtime that compiled code calls: `(arguments, results)` in words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Helper {
    /// `(context, exit number, fp, frame pointer) -> (tag, payload)`
    Exit,
    /// `(context, function, pc, fp) -> next pc, or -1`
    Fallback,
    /// `(context, number of an exit with the frames, handler's frame | cleanup << 32, tag, payload) -> (tag, payload)`: what a handler
    /// gets for a value thrown, or for what was raised; an exception if that is the VM's business.
    Caught,
    /// `(context, number of an exit with the frames, tag, payload) -> 1`, or 0 if that is the VM's business.
    Throw,
    /// `(context, function, fp) -> (tag, payload)`: a function that is not compiled.
    Call,
    /// `(context, function, pc, frame) -> (tag, payload)`: executes a call of a value for its result.
    CallValue,
    /// `(context, function, fp, frame pointer) -> 0 or 1`: something wants attention before a function begins; 1 if it has raised.
    Poll,
    /// `(context, function | function to be called << 32, its fp, end of the frame, frame pointer) -> 0 or 1`: there may be no room for a
    /// call, or something wants attention; 1 if it has raised.
    Room,
    /// `(context, number of parts) -> (tag, payload)`: an array of the parts in the context.
    JoinParts,
    /// `(context, tag, payload, number of parts) -> 1`: the elements of an array that is given up are in the context; 0, and nothing has been
    /// done, if it has not as many.
    TakeParts,
    /// `(object)`
    Retain,
    /// `(tag, payload)`
    Release,
    /// `(tag, payload) -> 0 or 1`
    Truthy,
    /// `(context, function, pc, frame, base, builtin | count << 16) -> (tag, payload)`
    CallBuiltin,
    /// `(context, function | pc << 32, frame, place, base, builtin | count << 16 | used << 32) -> (tag, payload)`
    CallMutating,
    /// `(context, slot, tag, payload, builtin) -> 0, or 1 for a raise`
    Push,
    /// `(address of a value) -> address of its object, now unshared, or 0 if there is no room or it has another shape`
    Unshare,
    /// `(address of an unshared array) -> 1, or 0 if there is no room`
    Generalise,
    /// `(address of an array) -> 1`: stores its elements unboxed if it is unshared and they are of one kind
    Settle,
    /// `(bytes) -> address` of the block of a new object
    NewObject,
    /// `(array, index) -> (tag, payload)`, borrowed
    ArrayItem,
    /// `(operator, a, b) -> (tag, payload)`; here and below a letter is a borrowed value in two words, and an exception in place of the result means that nothing was done.
    Arith,
    /// `(operator, place, b) -> 1 if done`
    Amend,
    /// `(place, code of an ASCII character) -> 1 if done`
    AppendChar,
    /// `(comparison, a, b) -> 0, 1, or 2 if not done`
    Compare,
    /// `(container, item) -> 0, 1, or 2 if not done`
    Contains,
    /// `(dict, key) -> address of its value, 0 if there is none, or -1 if it is no key`; the dict is an address.
    Find,
    /// `(base, index) -> (tag, payload)`
    Item,
    /// `(base, index) -> (tag, payload)`
    ItemOrNull,
    /// `(place, index) -> (tag, payload)`; the place is an array, the index an int.
    RemoveAt,
    /// `(place, index, value) -> 1 if done`
    InsertAt,
    /// `(place, index, index) -> 1 if done`
    Swap,
    /// `(place, key, value) -> 1 if done`
    SetItem,
    /// `(operator, place, key, value) -> 1 if done`
    UpdateItem,
    /// `(place, key, value) -> 1 if done`
    PushItem,
    /// `(place, key) -> address of a value in the dict that the place is, or -1`
    EntryAt,
    /// `(kind, base, start, end) -> (tag, payload)`
    Slice,
    /// `(context, template, values, count) -> (tag, payload)`; a template, variant, test or part is function | index << 32, values are an array.
    Text,
    /// `(context, template, place, values, count) -> 1 if done`
    AppendText,
    /// `(keys and values, count) -> (tag, payload)`
    Array,
    Dict,
    /// `(context, variant, values, count) -> (tag, payload)`
    Variant,
    /// `(context, test, value) -> 0, 1, or 2 if not done`
    Passes,
    /// `(context, part, value) -> (tag, payload)`
    Part,
    /// `(is a set, dict or set, cursor) -> the next cursor, 0 at the end`
    NextEntry,
    LowWord,
    FromWord,
    /// `(context, path, root and keys, count) -> (tag, payload)`, borrowed
    Place,
    /// `(enum, value) -> 0 or 1`
    OfEnum,
    /// `(context, field | or null << 48, base) -> (tag, payload)`
    Field,
    /// `(context, field, place, value) -> 1 if done`
    SetField,
    /// `(context, field | operator << 48, place, value) -> 1 if done`
    UpdateField,
    /// `(context, path, place, keys and value, count) -> 1 if done`
    SetPlace,
    /// `(context, path | operator << 48, place, keys and value, count) -> 1 if done`
    UpdatePlace,
    /// `(inclusive, start, end) -> (tag, payload)`
    Range,
    /// `(fields, value) -> 0 or 1`
    HasParts,
    /// `(value) -> (tag, payload)`
    Cell,
    /// `(place, value) -> 1 if done`
    Assign,
    /// `(function, a, b) -> result`, floats by their bits
    Float,
}

impl Helper {
    pub const ALL: &[Helper] = &[
        Helper::Exit,
        Helper::Fallback,
        Helper::Caught,
        Helper::Throw,
        Helper::Call,
        Helper::CallValue,
        Helper::Poll,
        Helper::Room,
        Helper::JoinParts,
        Helper::TakeParts,
        Helper::Retain,
        Helper::Release,
        Helper::Truthy,
        Helper::CallBuiltin,
        Helper::CallMutating,
        Helper::Push,
        Helper::Unshare,
        Helper::Generalise,
        Helper::Settle,
        Helper::NewObject,
        Helper::ArrayItem,
        Helper::Arith,
        Helper::Amend,
        Helper::AppendChar,
        Helper::Compare,
        Helper::Contains,
        Helper::Find,
        Helper::Item,
        Helper::ItemOrNull,
        Helper::RemoveAt,
        Helper::InsertAt,
        Helper::Swap,
        Helper::SetItem,
        Helper::UpdateItem,
        Helper::PushItem,
        Helper::EntryAt,
        Helper::Slice,
        Helper::Text,
        Helper::AppendText,
        Helper::Array,
        Helper::Dict,
        Helper::Variant,
        Helper::Passes,
        Helper::Part,
        Helper::NextEntry,
        Helper::LowWord,
        Helper::FromWord,
        Helper::Place,
        Helper::OfEnum,
        Helper::Field,
        Helper::SetField,
        Helper::UpdateField,
        Helper::SetPlace,
        Helper::UpdatePlace,
        Helper::Range,
        Helper::HasParts,
        Helper::Cell,
        Helper::Assign,
        Helper::Float,
    ];

    pub fn symbol(self) -> &'static str {
        match self {
            Helper::Exit => "ruff_exit",
            Helper::Fallback => "ruff_fallback",
            Helper::Caught => "ruff_caught",
            Helper::Throw => "ruff_throw",
            Helper::Call => "ruff_call",
            Helper::CallValue => "ruff_call_value",
            Helper::Poll => "ruff_poll",
            Helper::Room => "ruff_room",
            Helper::JoinParts => "ruff_join_parts",
            Helper::TakeParts => "ruff_take_parts",
            Helper::Retain => "ruff_retain",
            Helper::Release => "ruff_release",
            Helper::Truthy => "ruff_truthy",
            Helper::CallBuiltin => "ruff_call_builtin",
            Helper::CallMutating => "ruff_call_mutating",
            Helper::Push => "ruff_push",
            Helper::Unshare => "ruff_unshare",
            Helper::Generalise => "ruff_generalise",
            Helper::Settle => "ruff_settle",
            Helper::NewObject => "ruff_new_object",
            Helper::ArrayItem => "ruff_array_item",
            Helper::Arith => "ruff_arith",
            Helper::Amend => "ruff_amend",
            Helper::AppendChar => "ruff_append_char",
            Helper::Compare => "ruff_compare",
            Helper::Contains => "ruff_contains",
            Helper::Find => "ruff_find",
            Helper::Item => "ruff_item",
            Helper::ItemOrNull => "ruff_item_or_null",
            Helper::RemoveAt => "ruff_remove_at",
            Helper::InsertAt => "ruff_insert_at",
            Helper::Swap => "ruff_swap",
            Helper::SetItem => "ruff_set_item",
            Helper::UpdateItem => "ruff_update_item",
            Helper::PushItem => "ruff_push_item",
            Helper::EntryAt => "ruff_entry_at",
            Helper::Slice => "ruff_slice",
            Helper::Text => "ruff_text",
            Helper::AppendText => "ruff_append_text",
            Helper::Array => "ruff_array",
            Helper::Dict => "ruff_dict",
            Helper::Variant => "ruff_variant",
            Helper::Passes => "ruff_passes",
            Helper::Part => "ruff_part",
            Helper::NextEntry => "ruff_next_entry",
            Helper::LowWord => "ruff_low_word",
            Helper::FromWord => "ruff_from_word",
            Helper::Place => "ruff_place",
            Helper::OfEnum => "ruff_of_enum",
            Helper::Field => "ruff_field",
            Helper::SetField => "ruff_set_field",
            Helper::UpdateField => "ruff_update_field",
            Helper::SetPlace => "ruff_set_place",
            Helper::UpdatePlace => "ruff_update_place",
            Helper::Range => "ruff_range",
            Helper::HasParts => "ruff_has_parts",
            Helper::Cell => "ruff_cell",
            Helper::Assign => "ruff_assign",
            Helper::Float => "ruff_float",
        }
    }

    /// Words in, words out.
    pub fn signature(self) -> (usize, usize) {
        match self {
            Helper::Exit => (4, 2),
            Helper::Fallback => (4, 1),
            Helper::Caught => (5, 2),
            Helper::Throw => (4, 1),
            Helper::Call => (3, 2),
            Helper::CallValue => (4, 2),
            Helper::Poll => (4, 1),
            Helper::Room => (5, 1),
            Helper::JoinParts => (2, 2),
            Helper::TakeParts => (4, 1),
            Helper::Retain => (1, 0),
            Helper::Release => (2, 0),
            Helper::Truthy => (2, 1),
            Helper::CallBuiltin => (6, 2),
            Helper::CallMutating => (6, 2),
            Helper::Push => (5, 1),
            Helper::Unshare => (2, 1),
            Helper::Generalise | Helper::Settle => (1, 1),
            Helper::NewObject => (1, 1),
            Helper::ArrayItem => (2, 2),
            Helper::Arith => (5, 2),
            Helper::Amend => (4, 1),
            Helper::AppendChar => (2, 1),
            Helper::Compare => (5, 1),
            Helper::Contains => (4, 1),
            Helper::Find => (3, 1),
            Helper::Item => (4, 2),
            Helper::ItemOrNull => (4, 2),
            Helper::RemoveAt => (2, 2),
            Helper::InsertAt => (4, 1),
            Helper::Swap => (3, 1),
            Helper::SetItem => (5, 1),
            Helper::UpdateItem => (6, 1),
            Helper::PushItem => (5, 1),
            Helper::EntryAt => (3, 1),
            Helper::Slice => (7, 2),
            Helper::Text => (4, 2),
            Helper::AppendText => (5, 1),
            Helper::Array => (2, 2),
            Helper::Dict => (2, 2),
            Helper::Variant => (4, 2),
            Helper::Passes => (4, 1),
            Helper::Part => (4, 2),
            Helper::NextEntry => (3, 1),
            Helper::LowWord | Helper::FromWord => (1, 1),
            Helper::Place => (4, 2),
            Helper::OfEnum => (3, 1),
            Helper::Field => (4, 2),
            Helper::SetField => (5, 1),
            Helper::UpdateField => (5, 1),
            Helper::SetPlace => (5, 1),
            Helper::UpdatePlace => (5, 1),
            Helper::Range => (5, 2),
            Helper::HasParts => (3, 1),
            Helper::Cell => (2, 2),
            Helper::Assign => (3, 1),
            Helper::Float => (3, 1),
        }
    }
}
