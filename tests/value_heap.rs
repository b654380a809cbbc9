//! The value heap from outside: counts balance, deep data goes away without recursion, threads take turns.

use std::collections::HashMap;

use proptest::prelude::*;
use ruff::value::heap::live_objects;
use ruff::value::shapes::{Field, declare_struct};
use ruff::value::symbol::symbol;
use ruff::value::{Cell, FnId, Kind, Str, Value, array, dict, error, instance, key, set, share};

/// Runs `f` and checks that it leaves no object behind (counted in debug builds).
fn balanced(f: impl FnOnce()) {
    let before = live_objects();
    f();
    assert_eq!(live_objects(), before, "every object made was freed");
}

fn depth() -> usize {
    if cfg!(debug_assertions) { 1_000_000 } else { 10_000_000 }
}

#[test]
fn values_take_sixteen_bytes() {
    assert_eq!((size_of::<Value>(), size_of::<Option<Value>>()), (16, 16));
}

#[test]
fn deeply_nested_arrays_are_freed_without_recursion() {
    balanced(|| drop((0..depth()).fold(Value::Null, |inner, _| Value::array(vec![inner, Value::Null]))));
}

#[test]
fn chains_of_every_kind_are_freed_without_recursion() {
    let node = declare_struct(symbol("Node"), [Field { name: symbol("next"), float: false }]);
    let deep = depth() / 10;
    let kinds: [&dyn Fn(Value) -> Value; 8] = [
        &Value::some,
        &|inner| Value::instance(node, vec![inner]).unwrap(),
        &|inner| Value::closure(FnId(1), [inner]),
        &|inner| Value::bound_method(FnId(1), inner),
        &|inner| Value::Cell(Cell::alloc(inner)),
        &|inner| {
            let kind = error::ErrorKind::Known(0);
            let mut data = error::ErrorData::new(kind, Value::Null);
            data.cause = inner;
            Value::error(data)
        },
        &|inner| Value::dict([(Value::Int(1), inner)]).unwrap(),
        &|inner| Value::iterator(ruff::value::IterState::Source(inner)),
    ];
    for wrap in kinds {
        balanced(|| drop((0..deep).fold(Value::Null, |inner, _| wrap(inner))));
    }
}

#[test]
fn wide_data_is_freed() {
    balanced(|| {
        let inner = || Value::array(vec![Value::str("some text"), Value::some(Value::Null)]);
        drop(Value::array((0..100_000).map(|_| inner()).collect()));
    });
}

#[test]
fn one_object_in_many_places() {
    balanced(|| {
        let text = Value::str("held by many");
        let many = Value::array(vec![text.clone(); 1000]);
        let copy = many.clone();
        drop(many);
        let Value::Array(items) = &copy else { panic!("an array") };
        assert_eq!(items.get(999).unwrap().address(), text.address());
    });
}

#[test]
fn layout_is_what_machine_code_expects() {
    use ruff::value::layout::tag;
    let samples = [
        (Value::Null, tag::NULL),
        (Value::bool(true), tag::BOOL),
        (Value::Int(-1), tag::INT),
        (Value::Float(0.5), tag::FLOAT),
        (Value::function(FnId(7)), tag::FN0),
        (Value::none(), tag::UNIT),
        (Value::str("text"), tag::STR),
        (Value::range(0, 1, 9).unwrap(), tag::ARRAY),
        (Value::Dict(dict::new()), tag::DICT),
        (Value::Set(set::new()), tag::SET),
        (Value::some(Value::Null), tag::VARIANT),
        (Value::bytes(vec![1]), tag::BYTES),
        (Value::Uninit, tag::UNINIT),
        (Value::InUse, tag::IN_USE),
    ];
    for (value, tag) in samples {
        assert_eq!(value.tag(), tag);
        assert_eq!(value.is_heap(), (8..=21).contains(&tag));
        value.discard();
    }
    assert_eq!(Value::Int(-1).into_bits(), (2, u64::MAX));
    assert_eq!(Value::bool(true).into_bits(), (1, 1));
    assert_eq!(Value::function(FnId(7)).into_bits(), (4, 7));
}

#[test]
fn values_go_round_between_threads() {
    let (there, from_here) = std::sync::mpsc::channel::<share::Parcel>();
    let (back, from_there) = std::sync::mpsc::channel::<share::Parcel>();
    let worker = std::thread::spawn(move || {
        for parcel in from_here {
            let Value::Array(mut items) = parcel.open() else { panic!("an array") };
            array::make_unique(&mut items).unwrap().push(Value::str("from there")).unwrap();
            back.send(share::pack(Value::Array(items)).unwrap()).unwrap();
        }
    });
    let mut value = Value::array(Vec::new());
    for round in 1..200 {
        there.send(share::pack(value).unwrap()).unwrap();
        value = from_there.recv().unwrap().open();
        let Value::Array(items) = &mut value else { panic!("an array") };
        assert_eq!(items.len(), round * 2 - 1);
        array::make_unique(items).unwrap().push(Value::some(Value::str("from here"))).unwrap();
    }
    drop(there);
    worker.join().unwrap();
}

#[test]
fn many_threads_count_one_object() {
    let shared = share::Shared::new(Value::array(vec![Value::str("read by all"), Value::Null])).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let Value::Array(mut mine) = shared.get() else { panic!("an array") };
                    assert!(!mine.is_unique());
                    array::make_unique(&mut mine).unwrap().set(1, Value::Int(1)).unwrap();
                    assert_eq!(mine.get(0).unwrap().as_str(), Some("read by all"));
                }
            });
        }
    });
    assert_eq!(shared.value().hdr().unwrap().count(), -1);
}

#[test]
fn in_place_is_in_place() {
    let mut value = Value::array((0..100).map(Value::Int).collect());
    let Value::Array(items) = &mut value else { panic!("an array") };
    let data = items.as_i64_slice().unwrap().as_ptr();
    for i in 0..100 {
        array::make_unique(items).unwrap().set(i, Value::Int(0)).unwrap();
    }
    assert_eq!(items.as_i64_slice().unwrap().as_ptr(), data);
}

/// One change to an array, done to ours and to a plain vector.
#[derive(Clone, Debug)]
enum Change {
    Push(i64),
    PushText,
    PushFloat(i32),
    PushBool,
    Pop,
    Set(usize, i64),
    SetText(usize),
    Insert(usize, i64),
    Remove(usize),
    Truncate(usize),
    Reverse,
    Hold,
    Repack,
    Slice(usize, usize),
    Range(i8, i8, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..12usize;
    prop_oneof![
        any::<i64>().prop_map(Change::Push),
        Just(Change::PushText),
        any::<i32>().prop_map(Change::PushFloat),
        Just(Change::PushBool),
        Just(Change::Pop),
        (at.clone(), any::<i64>()).prop_map(|(at, i)| Change::Set(at, i)),
        at.clone().prop_map(Change::SetText),
        (at.clone(), any::<i64>()).prop_map(|(at, i)| Change::Insert(at, i)),
        at.clone().prop_map(Change::Remove),
        at.clone().prop_map(Change::Truncate),
        Just(Change::Reverse),
        Just(Change::Hold),
        Just(Change::Repack),
        (at.clone(), at).prop_map(|(a, b)| Change::Slice(a, b)),
        (any::<i8>(), any::<i8>(), 0..6u8).prop_map(|(start, step, len)| Change::Range(start, step, len)),
    ]
}

/// Keys in steps that are entered in a dict or removed from it.
#[derive(Clone, Copy, Debug)]
struct Batch {
    removes: bool,
    texts: bool,
    start: i64,
    count: i64,
    step: i64,
}

impl Batch {
    fn key(self, number: i64) -> Value {
        if self.texts { Value::str(&format!("key{number}")) } else { Value::Int(number) }
    }
}

fn batch() -> impl Strategy<Value = Batch> {
    let steps = prop::sample::select(vec![1, 2, 3, 4, 1 << 10, 1 << 40]);
    (0..3u8, 0..3u8, -20..600i64, 1..400i64, steps).prop_map(|(removes, texts, start, count, step)| Batch {
        removes: removes == 0,
        texts: texts == 0,
        start,
        count,
        step,
    })
}

fn text() -> Value {
    Value::str("some longer text")
}

fn same_items(ours: &array::ArrRef, plain: &[Value]) -> bool {
    ours.len() == plain.len() && ours.iter().zip(plain).all(|(a, b)| a.tag() == b.tag() && key::same_key(&a, b))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4000 }))]

    #[test]
    fn arrays_do_what_vectors_do(changes in prop::collection::vec(change(), 0..40)) {
        let before = live_objects();
        {
            let mut ours = array::new();
            let mut plain: Vec<Value> = Vec::new();
            let mut held: Vec<(array::ArrRef, Vec<Value>)> = Vec::new();
            for change in changes {
                apply(change, &mut ours, &mut plain, &mut held);
                prop_assert!(same_items(&ours, &plain));
            }
            for (ours, plain) in &held {
                prop_assert!(same_items(ours, plain), "a second holder keeps the old elements");
            }
        }
        prop_assert_eq!(live_objects(), before);
    }

    #[test]
    fn dicts_do_what_ordered_lists_do(ops in prop::collection::vec((0..4u8, 0..30i64), 0..200)) {
        let mut ours = dict::new();
        let mut plain: Vec<(i64, i64)> = Vec::new();
        for (at, (op, k)) in ops.into_iter().enumerate() {
            let table = dict::make_unique(&mut ours).unwrap();
            // One in four keys is written as a float of the same value.
            let key = if op == 1 { Value::Float(k as f64) } else { Value::Int(k) };
            if op == 0 {
                let old = table.remove(&key).unwrap().map(|v| v.as_int().unwrap());
                let position = plain.iter().position(|(other, _)| *other == k);
                prop_assert_eq!(old, position.map(|p| plain.remove(p).1));
            } else {
                table.insert(key, Value::Int(at as i64)).unwrap();
                match plain.iter_mut().find(|(other, _)| *other == k) {
                    Some(entry) => entry.1 = at as i64,
                    None => plain.push((k, at as i64)),
                }
            }
            let order: Vec<(i64, i64)> = ours.iter().map(|(k, v)| {
                (k.as_int().or(k.as_float().map(|x| x as i64)).unwrap(), v.as_int().unwrap())
            }).collect();
            prop_assert_eq!(&order, &plain);
        }
    }

    #[test]
    fn large_dicts_do_what_maps_do(batches in prop::collection::vec(batch(), 1..12)) {
        let mut ours = dict::new();
        let mut plain: HashMap<(bool, i64), (usize, i64)> = HashMap::new();
        for (at, batch) in batches.into_iter().enumerate() {
            let held = ours.clone();
            let before: Vec<Value> = held.keys().collect();
            let table = dict::make_unique(&mut ours).unwrap();
            for n in 0..batch.count {
                let number = batch.start + n * batch.step;
                let (key, found) = (batch.key(number), plain.get(&(batch.texts, number)).map(|entry| entry.1));
                if batch.removes {
                    let old = table.remove(&key).unwrap().map(|value| value.as_int().unwrap());
                    prop_assert_eq!(old, found);
                    plain.remove(&(batch.texts, number));
                } else {
                    table.insert(key, Value::Int(at as i64)).unwrap();
                    let next = at * 1000 + n as usize;
                    plain.entry((batch.texts, number)).or_insert((next, 0)).1 = at as i64;
                }
            }
            prop_assert!(before.iter().zip(held.keys()).all(|(a, b)| key::same_key(a, &b)) && before.len() == held.len());
            prop_assert_eq!(ours.len(), plain.len());
            let mut sorted: Vec<_> = plain.iter().collect();
            sorted.sort_by_key(|(_, entry)| entry.0);
            let mut entries = ours.iter();
            for ((texts, number), (_, value)) in &sorted {
                let key = Batch { texts: *texts, ..batch }.key(*number);
                let (first, its) = entries.next().unwrap();
                prop_assert!(key::same_key(&first, &key) && its.as_int() == Some(*value));
                prop_assert_eq!(ours.get(&key).unwrap().and_then(Value::as_int), Some(*value));
            }
            for n in 0..batch.count {
                let number = batch.start + n * batch.step + 1;
                let found = ours.get(&batch.key(number)).unwrap().and_then(Value::as_int);
                prop_assert_eq!(found, plain.get(&(batch.texts, number)).map(|entry| entry.1));
            }
            let reversed = Value::dict(ours.iter().rev().map(|(key, value)| (key, value.clone()))).unwrap();
            prop_assert!(key::same_key(&reversed, &Value::Dict(ours.clone())));
        }
    }

    #[test]
    fn strings_do_what_strings_do(parts in prop::collection::vec("[a-cä€😀]{0,40}", 0..20), at in 0..300usize) {
        let mut ours = Str::concat("", "").unwrap();
        let mut plain = String::new();
        for part in parts {
            Str::push_str(&mut ours, &part).unwrap();
            plain.push_str(&part);
            prop_assert_eq!(ours.as_str(), &plain);
            prop_assert_eq!(ours.char_len(), plain.chars().count());
            let ours_at = ours.char_at(at).map(|c| c.as_str().unwrap().to_string());
            prop_assert_eq!(ours_at, plain.chars().nth(at).map(String::from));
        }
        let slice: String = plain.chars().skip(at / 2).take(at - at / 2).collect();
        let ours_slice = ours.slice(at / 2, at).unwrap();
        prop_assert_eq!(ours_slice.as_str(), Some(slice.as_str()));
    }
}

fn apply(change: Change, ours: &mut array::ArrRef, plain: &mut Vec<Value>, held: &mut Vec<(array::ArrRef, Vec<Value>)>) {
    match change {
        Change::Hold => return held.push((ours.clone(), plain.clone())),
        Change::Slice(a, b) => {
            *ours = ours.slice_of(a, b).unwrap();
            let to = b.min(plain.len());
            *plain = plain[a.min(to)..to].to_vec();
            return;
        }
        Change::Range(start, step, len) => {
            *ours = array::range(start.into(), step.into(), len.into()).unwrap();
            assert!(len == 0 || ours.kind() == Kind::Range);
            *plain = (0..i64::from(len)).map(|i| Value::Int(i64::from(start) + i * i64::from(step))).collect();
            return;
        }
        _ => {}
    }
    let array = array::make_unique(ours).unwrap();
    let mut push = |value: Value| {
        array.push(value.clone()).unwrap();
        plain.push(value);
    };
    match change {
        Change::Push(i) => push(Value::Int(i)),
        Change::PushText => push(text()),
        Change::PushFloat(x) => push(Value::Float(x.into())),
        Change::PushBool => push(Value::bool(true)),
        Change::Pop => assert_eq!(array.pop().is_some(), plain.pop().is_some()),
        Change::Set(at, i) => {
            let there = array.set(at, Value::Int(i)).unwrap();
            assert_eq!(there, plain.get_mut(at).map(|place| *place = Value::Int(i)).is_some());
        }
        Change::SetText(at) => {
            let there = array.set(at, text()).unwrap();
            assert_eq!(there, plain.get_mut(at).map(|place| *place = text()).is_some());
        }
        Change::Insert(at, i) => {
            array.insert(at, Value::Int(i)).unwrap();
            plain.insert(at.min(plain.len()), Value::Int(i));
        }
        Change::Remove(at) => {
            let removed = array.remove(at).unwrap();
            assert_eq!(removed.is_some(), at < plain.len());
            if at < plain.len() {
                plain.remove(at);
            }
        }
        Change::Truncate(len) => {
            array.truncate(len);
            plain.truncate(len);
        }
        Change::Reverse => {
            array.reverse().unwrap();
            plain.reverse();
        }
        Change::Repack => array.repack().unwrap(),
        Change::Hold | Change::Slice(..) | Change::Range(..) => {}
    }
}

#[test]
fn instances_copy_when_held() {
    balanced(|| {
        let field = |name| Field { name: symbol(name), float: false };
        let id = declare_struct(symbol("Pair"), [field("left"), field("right")]);
        let Value::Struct(mut pair) = Value::instance(id, vec![Value::Int(1), text()]).unwrap() else {
            panic!("an instance")
        };
        let old = pair.clone();
        instance::set(&mut pair, 0, text()).unwrap();
        instance::set(&mut pair, 1, Value::Float(0.5)).unwrap();
        assert_eq!(old.get(0).unwrap().as_int(), Some(1));
        assert_eq!(pair.get(1).unwrap().as_float(), Some(0.5));
    });
}
