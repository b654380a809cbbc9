//! Higher-order builtins: their bodies are loops in Ruff (`prelude/higher.ruff`), so that engines can inline them.
use super::arg::{Any, Callable, DictSlot, Iterable};
use super::table::builtins;

builtins! {
    /// Rows of this group.
    pub(super) ROWS:

    /// `f(item)` for every item; lazy for an iterator; of Result and Option, `f` applied to the payload.
    ///
    /// ```ruff
    /// assert_equal(map([1, 2], x => x * 2), [2, 4])
    /// assert_equal(map(Some(1), x => x + 1), Some(2))
    /// ```
    [may_fault, may_call] map(items: Any, f: Callable) -> any = prelude;

    /// The items for which `f(item)` is true; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(filter([1, 2, 3], x => x > 1), [2, 3])
    /// ```
    [may_fault, may_call] filter(items: Iterable, f: Callable) -> any = prelude;

    /// The items of the iterables that `f` gives; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(flat_map([1, 2], x => [x, x * 10]), [1, 10, 2, 20])
    /// ```
    [may_fault, may_call] flat_map(items: Iterable, f: Callable) -> any = prelude;

    /// The items up to the first for which `f(item)` is false; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(take_while([1, 2, 5, 1], x => x < 3), [1, 2])
    /// ```
    [may_fault, may_call] take_while(items: Iterable, f: Callable) -> any = prelude;

    /// The items from the first for which `f(item)` is false; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(skip_while([1, 2, 5, 1], x => x < 3), [5, 1])
    /// ```
    [may_fault, may_call] skip_while(items: Iterable, f: Callable) -> any = prelude;

    /// The totals that `reduce` runs through, one for every item.
    ///
    /// ```ruff
    /// assert_equal(scan([1, 2, 3], 0, (a, b) => a + b), [1, 3, 6])
    /// ```
    [may_fault, may_call] scan(items: Iterable, init: Any, f: Callable) -> array = prelude;

    /// The items themselves, after `f(item)` was called for each; lazy for an iterator.
    ///
    /// ```ruff
    /// seen := []
    /// assert_equal(tap([1, 2], x => { seen.push(x) }), [1, 2])
    /// assert_equal(seen, [1, 2])
    /// ```
    [may_fault, may_call] tap(items: Iterable, f: Callable) -> any = prelude;

    /// The items without those whose `key(item)` was met before.
    ///
    /// ```ruff
    /// assert_equal(unique_by([1, 3, 2, 5], x => x % 2), [1, 2])
    /// ```
    [may_fault, may_call] unique_by(items: Iterable, key: Callable) -> array = prelude;

    /// `f(x, y)` for the pairs of two iterables, as many as the shorter one has.
    ///
    /// ```ruff
    /// assert_equal(zip_with([1, 2], [10, 20], (x, y) => x + y), [11, 22])
    /// ```
    [may_fault, may_call] zip_with(left: Iterable, right: Iterable, f: Callable) -> array = prelude;

    /// The total that begins as `init` and becomes `f(total, item)` for every item.
    ///
    /// ```ruff
    /// assert_equal(reduce([1, 2, 3], 0, (a, b) => a + b), 6)
    /// ```
    [may_fault, may_call] reduce | fold (items: Iterable, init: Any, f: Callable) -> any = prelude;

    /// Calls `f(item)` for every item.
    ///
    /// ```ruff
    /// total := 0
    /// for_each([1, 2], x => { total += x })
    /// assert_equal(total, 3)
    /// ```
    [may_fault, may_call] for_each(items: Iterable, f: Callable) -> null = prelude;

    /// Is `f(item)` true for at least one item? Without `f`: is one item true?
    ///
    /// ```ruff
    /// assert(any([1, 2], x => x > 1) && !any([]))
    /// ```
    [may_fault, may_call] any(items: Iterable, f: Option<Callable>) -> bool = prelude;

    /// Is `f(item)` true for all items? Without `f`: are all items true?
    ///
    /// ```ruff
    /// assert(all([1, 2], x => x > 0) && all([]))
    /// ```
    [may_fault, may_call] all(items: Iterable, f: Option<Callable>) -> bool = prelude;

    /// The first item for which `f(item)` is true; null if there is none.
    ///
    /// ```ruff
    /// assert_equal(find([1, 2, 3], x => x > 1), 2)
    /// ```
    [may_fault, may_call] find(items: Iterable, f: Callable) -> any = prelude;

    /// The position of the first item for which `f(item)` is true; null if there is none.
    ///
    /// ```ruff
    /// assert_equal(find_index([1, 2, 3], x => x > 1), 1)
    /// ```
    [may_fault, may_call] find_index(items: Iterable, f: Callable) -> any = prelude;

    /// A dict of arrays: the items by `key(item)`.
    ///
    /// ```ruff
    /// assert_equal(group_by([1, 2, 3], x => x % 2), {1: [1, 3], 0: [2]})
    /// ```
    [may_fault, may_call] group_by(items: Iterable, key: Callable) -> dict = prelude;

    /// `[those for which by(item) is true, the others]`; of a text and a separator `[before, separator, after]`.
    ///
    /// ```ruff
    /// assert_equal(partition([1, 2, 3], x => x > 1), [[2, 3], [1]])
    /// assert_equal("a=b".partition("="), ["a", "=", "b"])
    /// ```
    [may_fault, may_call] partition(items: Iterable, by: Any) -> array = prelude;

    /// A dict of the items by `key(item)`; the last one of equal keys stays.
    ///
    /// ```ruff
    /// assert_equal(key_by(["a", "bb"], len), {1: "a", 2: "bb"})
    /// ```
    [may_fault, may_call] key_by(items: Iterable, key: Callable) -> dict = prelude;

    /// The sum of `f(item)`, 0 of no items.
    ///
    /// ```ruff
    /// assert_equal(sum_by(["a", "bb"], len), 3)
    /// ```
    [may_fault, may_call] sum_by(items: Iterable, f: Callable) -> any = prelude;

    /// The item with the smallest `key(item)`, the first of equal ones; null if there are no items.
    ///
    /// ```ruff
    /// assert_equal(min_by(["aa", "b"], len), "b")
    /// ```
    [may_fault, may_call] min_by(items: Iterable, key: Callable) -> any = prelude;

    /// The item with the greatest `key(item)`, the first of equal ones; null if there are no items.
    ///
    /// ```ruff
    /// assert_equal(max_by(["aa", "b"], len), "aa")
    /// ```
    [may_fault, may_call] max_by(items: Iterable, key: Callable) -> any = prelude;

    /// The dict with `f(value)` for every value.
    ///
    /// ```ruff
    /// assert_equal(map_values({a: 1}, x => x + 1), {a: 2})
    /// ```
    [may_fault, may_call] map_values(items: DictSlot, f: Callable) -> dict = prelude;

    /// The entries for which `f(key, value)` is true.
    ///
    /// ```ruff
    /// assert_equal(filter_dict({a: 1, b: 2}, (k, v) => v > 1), {b: 2})
    /// ```
    [may_fault, may_call] filter_dict(items: DictSlot, f: Callable) -> dict = prelude;
}
