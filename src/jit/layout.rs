//! Where code begins in memory, so that its inner loops lie well.
//!
//! Processors fetch code in lines of [`LINE`] bytes: a short loop that stands on one more line than it must takes up to half as
//! long again. Cranelift aligns functions only, so a function begins as far behind the start of a line as is best for its loops.
use std::ops::Range;

use ahash::AHashMap;
use cranelift_codegen::CompiledCode;
use cranelift_codegen::ir::DebugTag;

/// What is fetched at once, in bytes.
pub const LINE: u32 = 64;

/// Code begins at a multiple of this: what constants behind it may ask for.
pub const STEP: u32 = 16;

/// Loops on more lines than this do not care.
const MOST_LINES: u32 = 4;

/// The tag of the place where a loop's head begins (`ends`: where its last turn jumps back), by the number of the loop.
pub fn tag(looped: usize, ends: bool) -> DebugTag {
    DebugTag::User(2 * looped as u32 + u32::from(ends))
}

/// How far behind the start of a line code should begin: a multiple of [`STEP`] less than [`LINE`].
pub fn offset(code: &CompiledCode) -> u32 {
    let lists = code.buffer.debug_tags();
    let tags = lists.flat_map(|list| list.tags.iter().map(move |tag| (tag, list.offset)));
    let tags = tags.filter_map(|(tag, offset)| match tag {
        DebugTag::User(number) => Some((*number, offset)),
        DebugTag::StackSlot(_) => None,
    });
    best(&loops(tags, &code.bb_starts))
}

/// The bytes of each loop, given the tags and where blocks start. Those whose head was put behind their end are left out.
fn loops(tags: impl Iterator<Item = (u32, u32)>, blocks: &[u32]) -> Vec<Range<u32>> {
    // Moves of values and the jump back may be a block of their own behind the last one.
    const JUMP: u32 = 8;
    let mut starts: AHashMap<u32, u32> = AHashMap::new();
    let mut ends: AHashMap<u32, u32> = AHashMap::new();
    for (number, offset) in tags {
        if number % 2 == 0 {
            starts.insert(number, offset);
        } else if let Some(next) = blocks.get(blocks.partition_point(|start| *start <= offset)) {
            ends.insert(number - 1, next + JUMP);
        }
    }
    let mut loops: Vec<Range<u32>> = starts
        .into_iter()
        .filter_map(|(number, start)| Some(start..*ends.get(&number)?))
        .filter(|looped| looped.start < looped.end)
        .collect();
    loops.sort_by_key(|looped| looped.start);
    loops
}

/// The offset at which loops take the fewest lines too many for their size, inner ones before others.
fn best(loops: &[Range<u32>]) -> u32 {
    let short: Vec<&Range<u32>> = loops.iter().filter(|looped| looped.len() as u32 <= MOST_LINES * LINE).collect();
    let depth = |looped: &Range<u32>| {
        loops.iter().filter(|other| other.start <= looped.start && looped.end <= other.end).count().min(6) as u32
    };
    let depths: Vec<u32> = short.iter().map(|looped| depth(looped)).collect();
    let cost = |offset: u32| -> u64 {
        let loops = short.iter().zip(&depths);
        loops.map(|(looped, depth)| u64::from(excess(looped, offset)) << (6 * depth)).sum()
    };
    (0..LINE).step_by(STEP as usize).min_by_key(|offset| cost(*offset)).unwrap_or(0)
}

/// The lines that a loop takes too many, in twelfths of those it must take: one more is worse for a shorter loop.
fn excess(looped: &Range<u32>, offset: u32) -> u32 {
    let length = looped.end - looped.start;
    let (least, taken) = (length.div_ceil(LINE), ((looped.start + offset) % LINE + length).div_ceil(LINE));
    12 * (taken - least) / least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_make_loops() {
        let blocks = [0, 4, 10, 30, 52, 70, 100];
        assert_eq!(loops([(2, 10), (0, 4), (3, 20), (1, 60)].into_iter(), &blocks), vec![4..78, 10..38]);
        // Cold code comes last; what was left out has no end.
        assert_eq!(loops([(0, 100), (1, 60), (2, 30)].into_iter(), &blocks), vec![]);
    }

    #[test]
    fn a_loop_that_fits_in_a_line_lies_in_one() {
        assert_eq!(best(&[]), 0);
        let best_of_one = |range| best(std::slice::from_ref(&range));
        assert_eq!(best_of_one(4..60), 0);
        assert_eq!(best_of_one(50..90), 16);
        assert_eq!(best_of_one(20..70), 48);
        // No place is better for a long one.
        assert_eq!(best_of_one(50..500), 0);
    }

    #[test]
    fn the_innermost_loop_counts_most() {
        let (outer, inner) = (10..120, 50..90);
        assert_eq!(best(&[outer.clone(), inner]), 16);
        assert_eq!(best(&[10..70, 80..120]), 0);
        assert_eq!((excess(&outer, 0), excess(&outer, 16)), (0, 6));
        // Of two that cannot both lie well the shorter one does.
        assert_eq!((best(&[8..128, 174..220]), best(&[8..128, 174..300])), (32, 0));
    }
}
