//! Functions as callers see them, and how arguments meet parameters.
//!
//! Always holds: what binding gives has one value per parameter, in order (`self` not among them); a parameter without
//! argument is `Uninit`, so that the callee evaluates its default; a rest parameter is an array (of a builtin, `Uninit` if
//! nothing is left for it).
use std::sync::Arc;

use super::fault::{Raise, faults};
use crate::value::Value;

/// Name and parameters of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FnInfo {
    /// As traces and `<func name>` show it: `area`, `Account.deposit`, `<lambda>`, `<main>`, `len`.
    pub name: Arc<str>,
    /// Without `self`.
    pub params: Box<[ParamInfo]>,
    pub self_mode: SelfMode,
    /// A builtin, shown as `<builtin name>`.
    pub builtin: bool,
    /// Its frames are left out of traces.
    pub hidden: bool,
    /// Its body may suspend: generator or async.
    pub is_generator: bool,
    pub is_async: bool,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamInfo {
    pub name: Arc<str>,
    pub kind: ParamKind,
    pub has_default: bool,
}

/// How a parameter gets its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    Positional,
    /// Collects what is left of the positional arguments.
    Rest,
    /// Stands after a rest parameter.
    NamedOnly,
}

/// What a function does with its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfMode {
    /// Plain function or static method.
    #[default]
    None,
    /// Instance method that does not change `self`.
    Value,
    /// `self` lives at the caller's place during the call.
    Mutating,
    /// Mutating only through the names of user methods: read-only where the place may not be changed.
    MaybeMutating,
}

impl FnInfo {
    /// How many positional arguments it needs at least.
    pub fn required(&self) -> usize {
        self.params.iter().filter(|param| param.kind == ParamKind::Positional && !param.has_default).count()
    }

    /// How many positional arguments it takes at most; `None` with a rest parameter.
    pub fn at_most(&self) -> Option<usize> {
        let rest = self.params.iter().any(|param| param.kind == ParamKind::Rest);
        (!rest).then(|| self.params.iter().filter(|param| param.kind == ParamKind::Positional).count())
    }

    /// Exactly `count` positional parameters without defaults: arguments need no binding.
    pub fn is_exactly(&self, count: usize) -> bool {
        self.params.len() == count
            && self.params.iter().all(|param| param.kind == ParamKind::Positional && !param.has_default)
    }

    /// Whether `count` positional arguments need no binding but a mark for each of those left out at the end, rest arguments included.
    pub fn is_filled_by(&self, count: usize) -> bool {
        let is_filled = |(at, param): (usize, &ParamInfo)| match param.kind {
            ParamKind::Positional => at < count || param.has_default,
            ParamKind::Rest => at >= count,
            ParamKind::NamedOnly => false,
        };
        count <= self.params.len() && self.params.iter().enumerate().all(is_filled)
    }

    /// Which argument each parameter receives, the named ones counted after the positional ones; nothing if binding would fail or
    /// make an array of rest arguments.
    pub fn order(&self, positional: usize, names: &[&str]) -> Option<Box<[Option<u16>]>> {
        if positional > self.params.len() || self.params.iter().any(|param| param.kind != ParamKind::Positional) {
            return None;
        }
        let mut order: Vec<Option<u16>> = (0..self.params.len()).map(|at| (at < positional).then_some(at as u16)).collect();
        for (at, name) in names.iter().enumerate() {
            let param = self.position(name).filter(|param| order[*param].is_none())?;
            order[param] = Some((positional + at) as u16);
        }
        let is_filled = order.iter().zip(&self.params).all(|(argument, param)| argument.is_some() || param.has_default);
        is_filled.then(|| order.into())
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.kind != ParamKind::Rest && &*param.name == name)
    }
}

/// A method called as a plain function, without arguments.
#[cold]
pub fn missing_self(info: &FnInfo) -> Raise {
    match info.name.split_once('.') {
        Some((owner, method)) => faults::missing_self(owner, method),
        None => faults::arity(&info.name, "1 argument", 0),
    }
}

/// `area expects 1 to 2 arguments, got 3`.
#[cold]
fn arity_fault(info: &FnInfo, given: usize) -> Raise {
    faults::arity(&info.name, expected_arguments(info.required(), info.at_most()), given)
}

/// `1 argument`, `1 to 2 arguments`, `at least 1 argument`.
pub fn expected_arguments(required: usize, at_most: Option<usize>) -> String {
    let noun = |count: usize| if count == 1 { "argument" } else { "arguments" };
    match at_most {
        Some(most) if most == required => format!("{most} {}", noun(most)),
        Some(most) => format!("{required} to {most} {}", noun(most)),
        None => format!("at least {required} {}", noun(required)),
    }
}

/// Lets arguments meet the parameters of a function.
pub fn bind_args(info: &FnInfo, positional: Vec<Value>, named: Vec<(&str, Value)>) -> Result<Vec<Value>, Raise> {
    if named.is_empty() && info.is_exactly(positional.len()) {
        return Ok(positional);
    }
    let given = positional.len() + named.len();
    let mut slots = spread(info, positional, given)?;
    for (name, value) in named {
        let Some(at) = info.position(name) else { return Err(unknown_argument(info, name)) };
        if !matches!(slots[at], Value::Uninit) {
            return Err(faults::repeated_argument(&info.name, name));
        }
        slots[at] = value;
    }
    let missing = info.params.iter().zip(&slots).find(|(param, slot)| !param.has_default && matches!(slot, Value::Uninit));
    match missing {
        None => Ok(slots),
        Some((param, _)) if param.kind == ParamKind::NamedOnly => Err(faults::missing_argument(&info.name, &param.name)),
        Some(_) if given < info.required() => Err(arity_fault(info, given)),
        Some((param, _)) => Err(faults::missing_argument(&info.name, &param.name)),
    }
}

/// Positional arguments to their slots, what is left to the rest parameter.
fn spread(info: &FnInfo, positional: Vec<Value>, given: usize) -> Result<Vec<Value>, Raise> {
    let mut arguments = positional.into_iter();
    let mut slots = Vec::with_capacity(info.params.len());
    for param in &info.params {
        slots.push(match param.kind {
            ParamKind::Positional => arguments.next().unwrap_or(Value::Uninit),
            ParamKind::NamedOnly => Value::Uninit,
            // Builtins take nothing for an empty array: `min(a, b)` allocates nothing.
            ParamKind::Rest if info.builtin && arguments.len() == 0 => Value::Uninit,
            ParamKind::Rest => Value::array(arguments.by_ref().collect()),
        });
    }
    if arguments.next().is_some() { Err(arity_fault(info, given)) } else { Ok(slots) }
}

#[cold]
fn unknown_argument(info: &FnInfo, name: &str) -> Raise {
    let names: Vec<&str> =
        info.params.iter().filter(|param| param.kind != ParamKind::Rest).map(|param| &*param.name).collect();
    let candidates = match names.as_slice() {
        [] => ": it has no named parameters".to_owned(),
        [one] => format!(": its parameter is {one}"),
        several => format!(": its parameters are {}", several.join(", ")),
    };
    faults::unknown_argument(&info.name, name, candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(params: &[(&str, ParamKind, bool)]) -> FnInfo {
        let param =
            |&(name, kind, has_default): &(&str, ParamKind, bool)| ParamInfo { name: name.into(), kind, has_default };
        FnInfo { name: "area".into(), params: params.iter().map(param).collect(), ..FnInfo::default() }
    }

    #[track_caller]
    fn check(info: &FnInfo, positional: &[i64], named: &[(&str, i64)], expected: &str) {
        let positional = positional.iter().map(|&value| Value::Int(value)).collect();
        let named = named.iter().map(|&(name, value)| (name, Value::Int(value))).collect();
        let text = match bind_args(info, positional, named) {
            Ok(slots) => slots.iter().map(show).collect::<Vec<_>>().join(" "),
            Err(raise) => raise.as_fault().unwrap().message().to_owned(),
        };
        assert_eq!(text, expected);
    }

    fn show(slot: &Value) -> String {
        if matches!(slot, Value::Uninit) { "-".to_owned() } else { super::super::display::structural(slot) }
    }

    #[test]
    fn the_order_of_arguments_is_known_without_them() {
        use ParamKind::*;
        let area = info(&[("w", Positional, false), ("h", Positional, true)]);
        let order = |info: &FnInfo, positional, names: &[&str]| info.order(positional, names).map(Vec::from);
        assert_eq!(order(&area, 2, &[]), Some(vec![Some(0), Some(1)]));
        assert_eq!(order(&area, 1, &[]), Some(vec![Some(0), None]));
        assert_eq!(order(&area, 0, &["h", "w"]), Some(vec![Some(1), Some(0)]));
        assert_eq!(order(&area, 0, &["w"]), Some(vec![Some(0), None]));
        for (positional, names) in [(0, &["h"][..]), (1, &["w"]), (1, &["x"]), (0, &["w", "w"]), (3, &[])] {
            assert_eq!(order(&area, positional, names), None, "{positional} {names:?}");
        }
        assert_eq!(order(&info(&[("rest", Rest, false)]), 0, &[]), None);
    }

    #[test]
    fn arguments_meet_parameters() {
        use ParamKind::*;
        let area = info(&[("w", Positional, false), ("h", Positional, true)]);
        check(&area, &[2], &[], "2 -");
        check(&area, &[2], &[("h", 3)], "2 3");
        check(&area, &[], &[("h", 3), ("w", 2)], "2 3");
        check(&area, &[1, 2, 3], &[], "area expects 1 to 2 arguments, got 3");
        check(&area, &[], &[], "area expects 1 to 2 arguments, got 0");
        check(&area, &[1], &[("w", 3)], "area got several values for parameter w");
        check(&area, &[1], &[("x", 3)], "area has no parameter x: its parameters are w, h");
        check(&area, &[], &[("h", 3)], "area needs the argument w");
        let total = info(&[("first", Positional, false), ("rest", Rest, false), ("sep", NamedOnly, true)]);
        check(&total, &[1, 2, 3], &[("sep", 4)], "1 [2, 3] 4");
        check(&total, &[1], &[], "1 [] -");
        check(&total, &[], &[], "area expects at least 1 argument, got 0");
        check(&info(&[("x", Positional, false)]), &[1, 2], &[], "area expects 1 argument, got 2");
        check(&info(&[]), &[1], &[], "area expects 0 arguments, got 1");
    }
}
