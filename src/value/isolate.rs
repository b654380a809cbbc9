//! What one thread of a program owns: its module variables and its random state.
//!
//! The list of variables, suspended frames and handles for the cycle collector belongs to the thread
//! itself (`heap`, `cycles.rs`); an isolate never leaves the thread that made it.

use super::Value;
use super::share::{Parcel, pack_table};

/// One thread of a program.
#[derive(Default)]
pub struct Isolate {
    /// Module variables, by the slots that `resolve` gave them; `Uninit` before their first assignment.
    pub table: Vec<Value>,
    /// State of the random generator; `None` until it is seeded or first used.
    pub random: Option<[u64; 4]>,
}

impl Isolate {
    /// An isolate with `slots` module variables, none initialised.
    pub fn new(slots: usize) -> Isolate {
        let mut isolate = Isolate::default();
        isolate.grow(slots);
        isolate
    }

    /// Makes room for more module variables (the REPL adds some with each line).
    pub fn grow(&mut self, slots: usize) {
        if slots > self.table.len() {
            self.table.resize_with(slots, || Value::Uninit);
        }
    }

    /// The module variables as they are now, for a new isolate on another thread. Variables whose value
    /// belongs to this thread are not initialised over there.
    pub fn snapshot(&self) -> Parcel {
        pack_table(self.table.clone())
    }

    /// A new isolate that begins with a snapshot. `random` seeds it if the parent was seeded.
    pub fn from_snapshot(snapshot: Parcel, random: Option<[u64; 4]>) -> Isolate {
        Isolate { table: snapshot.open_all(), random }
    }
}

/// Heap objects alive on this thread, for the leak balance. Counted in debug builds only.
pub fn live_objects() -> i64 {
    super::heap::live_objects()
}

#[cfg(test)]
mod tests {
    use super::super::IterState;
    use super::*;

    #[test]
    fn a_snapshot_leaves_out_what_belongs_to_this_thread() {
        let mut isolate = Isolate::new(3);
        isolate.table[0] = Value::str("text that crosses");
        isolate.table[1] = Value::iterator(IterState::Done);
        let snapshot = isolate.snapshot();
        let check = move || {
            let other = Isolate::from_snapshot(snapshot, None);
            assert_eq!(other.table[0].as_str(), Some("text that crosses"));
            assert!(matches!(other.table[1], Value::Uninit) && matches!(other.table[2], Value::Uninit));
        };
        std::thread::spawn(check).join().unwrap();
    }
}
