//! Higher-order builtins: their bodies are loops in Ruff (`prelude/higher.ruff`), so that engines can inline them.
use super::table::builtins;

builtins! {
    /// Rows of this group.
    pub(super) ROWS:

    /// `f(item)` for every item.
    ///
    /// ```ruff
    /// assert_equal(map([1, 2], x => x * 2), [2, 4])
    /// ```
    [may_call] map(items: iterable, f: function) -> any = prelude;

    /// The items for which `f(item)` is true.
    ///
    /// ```ruff
    /// assert_equal(filter([1, 2, 3], x => x > 1), [2, 3])
    /// ```
    [may_call] filter(items: iterable, f: function) -> any = prelude;
}
