//! A profile for other programs: folded stacks, speedscope, JSON, and the flame graph as a picture.
use std::collections::HashMap;
use std::io;

use inferno::flamegraph::color::{BackgroundColor, Color, PaletteMap};
use inferno::flamegraph::{self, Options};
use serde_json::{Value, json};

use super::{JitStats, Measure, Place, Profile, Share, Stack, tier_name};
use crate::limits::sample::Tier;

/// The name of the JSON form.
pub const SCHEMA: &str = "rufflang.profile/1";

/// One stack per line, outermost function first, with microseconds (or bytes).
pub fn folded(profile: &Profile, measure: Measure) -> String {
    let mut lines: Vec<String> = profile
        .stacks
        .iter()
        .filter(|stack| weight(stack, measure) > 0)
        .map(|stack| format!("{} {}\n", names(stack).join(";"), weight(stack, measure)))
        .collect();
    lines.sort();
    lines.concat()
}

/// Microseconds, or bytes.
fn weight(stack: &Stack, measure: Measure) -> u64 {
    match measure {
        Measure::Nanoseconds => stack.weight.nanoseconds / 1000,
        Measure::Bytes => stack.weight.bytes,
    }
}

/// The functions of a stack, outermost first, and at its top the line (or builtin) with its tier.
fn names(stack: &Stack) -> Vec<String> {
    let clean = |name: &str| name.replace([';', '\n'], " ");
    let mut names: Vec<String> = stack.places.iter().rev().map(|place| clean(&place.function)).collect();
    match (stack.tier, stack.places.first()) {
        (Tier::Builtin, Some(_)) => {
            if let Some(last) = names.last_mut() {
                last.push_str(&top_suffix(stack.tier));
            }
        }
        (tier, Some(place)) => names.push(clean(&place.position()) + &top_suffix(tier)),
        (_, None) => {}
    }
    names
}

fn top_suffix(tier: Tier) -> String {
    format!(" [{}]", tier_name(tier))
}

/// Colours of tiers at the top of stacks; functions below are neutral.
const COLOURS: [(Tier, Color); 5] = [
    (Tier::Walker, Color { r: 158, g: 166, b: 176 }),
    (Tier::Vm, Color { r: 92, g: 149, b: 224 }),
    (Tier::Compiled, Color { r: 235, g: 120, b: 60 }),
    (Tier::Builtin, Color { r: 88, g: 178, b: 128 }),
    (Tier::References, Color { r: 176, g: 112, b: 190 }),
];
const BELOW: Color = Color { r: 226, g: 210, b: 178 };

/// The flame graph as an SVG document.
pub fn flame_graph(profile: &Profile, measure: Measure, out: impl io::Write) -> io::Result<()> {
    let mut palette = PaletteMap::default();
    for stack in &profile.stacks {
        let names = names(stack);
        let Some((top, below)) = names.split_last() else { continue };
        if let Some((_, colour)) = COLOURS.iter().find(|(tier, _)| *tier == stack.tier) {
            palette.insert(top, *colour);
        }
        for name in below {
            if palette.get(name).is_none() {
                palette.insert(name, BELOW);
            }
        }
    }
    palette.insert("all", BELOW);
    let mut options = Options::default();
    options.title = format!("{} on {}", profile.script, profile.engine);
    options.subtitle =
        Some("blue: VM, orange: compiled, green: builtins, purple: reference counting, grey: tree walker".to_owned());
    options.count_name = if measure == Measure::Bytes { "bytes" } else { "µs" }.to_owned();
    options.bgcolors = Some(BackgroundColor::Flat(Color { r: 255, g: 255, b: 255 }));
    options.palette_map = Some(&mut palette);
    options.deterministic = true;
    let text = folded(profile, measure);
    if text.is_empty() {
        return Err(io::Error::other("there are no samples: it ended before the first millisecond"));
    }
    flamegraph::from_lines(&mut options, text.lines(), out)
}

/// The file format of speedscope.app.
pub fn speedscope(profile: &Profile) -> Value {
    let mut frames: Vec<Value> = Vec::new();
    let mut known: HashMap<Place, usize> = HashMap::new();
    let (mut samples, mut weights) = (Vec::new(), Vec::new());
    for stack in profile.stacks.iter().filter(|stack| stack.weight.nanoseconds > 0) {
        let indexes = stack.places.iter().rev().map(|place| {
            *known.entry(place.clone()).or_insert_with(|| {
                let mut frame = json!({ "name": &*place.function });
                if let Some((file, line)) = &place.line {
                    frame["file"] = json!(&**file);
                    frame["line"] = json!(line);
                }
                frames.push(frame);
                frames.len() - 1
            })
        });
        samples.push(indexes.collect::<Vec<_>>());
        weights.push(stack.weight.nanoseconds);
    }
    json!({
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": profile.script,
        "exporter": format!("ruff-lang {}", env!("CARGO_PKG_VERSION")),
        "shared": { "frames": frames },
        "profiles": [{
            "type": "sampled",
            "name": format!("{} on {}", profile.script, profile.engine),
            "unit": "nanoseconds",
            "startValue": 0,
            "endValue": weights.iter().sum::<u64>(),
            "samples": samples,
            "weights": weights,
        }],
    })
}

/// The whole profile as JSON.
pub fn json(profile: &Profile) -> Value {
    let tiers = profile.tiers();
    json!({
        "schema": SCHEMA,
        "script": profile.script,
        "engine": profile.engine,
        "exit_code": profile.end.exit_code(),
        "wall": profile.wall.as_nanos() as u64,
        "samples": profile.samples(),
        "sampled": profile.sum(Measure::Nanoseconds),
        "tiers": tiers.iter().map(|(tier, time)| json!({ "tier": tier_name(*tier), "time": time })).collect::<Vec<_>>(),
        "functions": shares(profile.functions(Measure::Nanoseconds)),
        "lines": shares(profile.lines(Measure::Nanoseconds)),
        "peak_memory": profile.peak_memory,
        "jit": profile.jit.as_ref().map(jit),
        "allocations": profile.allocations.map(|made| json!({
            "count": made.count,
            "bytes": made.bytes,
            "functions": shares(profile.functions(Measure::Bytes)),
            "lines": shares(profile.lines(Measure::Bytes)),
        })),
    })
}

fn jit(stats: &JitStats) -> Value {
    json!({
        "functions": stats.functions,
        "loops": stats.loops,
        "inlined": stats.inlined,
        "refused": stats.refused,
        "discarded": stats.discarded,
        "entered": stats.entered,
        "exits": stats.exits,
        "cache_hits": stats.cache_hits,
        "cache_misses": stats.cache_misses,
        "guard_success": stats.guard_success(),
        "code_bytes": stats.code_bytes,
        "times": {
            "build": stats.times.build.as_nanos() as u64,
            "optimise": stats.times.optimise.as_nanos() as u64,
            "generate": stats.times.generate.as_nanos() as u64,
        },
    })
}

fn shares(shares: Vec<Share>) -> Vec<Value> {
    shares.iter().map(|share| json!({ "name": share.name, "own": share.own, "total": share.total })).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::profile;
    use super::*;

    #[test]
    fn stacks_are_folded_outermost_first() {
        let expected = "\
main;a.ruff:5 [compiled] 10000
main;fib;fib;a.ruff:3 [vm] 60000
main;sort [builtin] 30000
";
        assert_eq!(folded(&profile(), Measure::Nanoseconds), expected);
        assert_eq!(folded(&profile(), Measure::Bytes), "main;sort [builtin] 4096\n");
    }

    #[test]
    fn speedscope_frames_are_shared() {
        let json = speedscope(&profile());
        assert_eq!(json["profiles"][0]["samples"][0].as_array().unwrap().len(), 3);
        assert_eq!(json["shared"]["frames"].as_array().unwrap().len(), 5);
        assert_eq!(json["profiles"][0]["endValue"], 100_000_000);
    }

    #[test]
    fn the_flame_graph_is_a_picture_coloured_by_tier() {
        let mut svg = Vec::new();
        flame_graph(&profile(), Measure::Nanoseconds, &mut svg).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.contains("<svg") && svg.contains("rgb(92,149,224)") && svg.contains("sort [builtin]"), "{svg}");
        let empty = Profile { stacks: Vec::new(), ..profile() };
        assert!(flame_graph(&empty, Measure::Nanoseconds, Vec::new()).is_err());
    }
}
