//! The results of a run as data, and as JSON (`"schema": "rufflang.bench/1"`), which is also how they are saved.
use serde_json::{Map, Value, json};

use super::stats::{Comparison, Summary};

/// The name of the JSON form.
pub const SCHEMA: &str = "rufflang.bench/1";

/// Everything one call of `ruff bench` has measured.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    pub machine: Machine,
    pub rows: Vec<Row>,
    /// The share of all processors that other programs had meanwhile, where that is known.
    pub others: Option<f64>,
    /// What the rows are compared with, if they are.
    pub baseline: Option<Baseline>,
}

/// The name of an earlier report, and what makes it a doubtful measure.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Baseline {
    pub name: String,
    pub warnings: Vec<String>,
}

/// What the times depend on besides the script.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Machine {
    pub version: String,
    pub system: String,
    pub processor: String,
    pub cores: usize,
    /// Whether this is an optimised build.
    pub optimised: bool,
    /// Whether times are processor time rather than time on the wall.
    pub processor_time: bool,
}

impl Machine {
    /// The machine we run on.
    pub fn here() -> Machine {
        Machine {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processor().unwrap_or_else(|| "unknown processor".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            optimised: !cfg!(debug_assertions),
            processor_time: false,
        }
    }

    /// The machine in one line.
    pub fn line(&self) -> String {
        let cores = if self.cores == 1 { "1 core".to_owned() } else { format!("{} cores", self.cores) };
        let build = if self.optimised { "" } else { " (not optimised)" };
        let time = if self.processor_time { ", processor time" } else { "" };
        format!("ruff-lang {}{build}, {}, {cores}, {}{time}", self.version, self.processor, self.system)
    }
}

fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// One script on one engine.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Row {
    /// The script's name in tables: its path below the folder that was asked for, without the ending.
    pub script: String,
    pub path: String,
    pub engine: String,
    /// Why there is no result.
    pub problem: Option<Problem>,
    pub stages: Stages,
    /// Nanoseconds of each measured turn, process by process.
    pub times: Vec<u64>,
    /// How many of the turns each process has measured.
    pub processes: Vec<usize>,
    /// The share of all processors that other programs had while they ran, where that is known.
    pub others: Option<f64>,
    /// How often a turn repeats what is measured; 0 stands for 1.
    pub repeat: u64,
    /// Whether each turn had a new engine because the script does not run twice on one.
    pub fresh: bool,
    /// What a turn printed, in bytes.
    pub output: u64,
    /// Largest amount of memory of the process that ran it.
    pub peak_memory: Option<u64>,
    /// Of one turn, if they were counted.
    pub allocations: Option<Allocations>,
    /// What a reader should know about the numbers.
    pub notes: Vec<String>,
    /// Against the same row of the baseline.
    pub comparison: Option<Comparison>,
}

impl Row {
    pub fn passed(&self) -> bool {
        self.problem.is_none()
    }

    /// Nanoseconds of what is measured, per turn.
    pub fn values(&self) -> Vec<f64> {
        let repeat = self.repeat.max(1) as f64;
        self.times.iter().map(|&time| time as f64 / repeat).collect()
    }

    /// The values by process; of one, where that is not known.
    pub fn groups(&self) -> Vec<Vec<f64>> {
        let values = self.values();
        if self.processes.iter().sum::<usize>() != values.len() {
            return vec![values];
        }
        let mut rest = &values[..];
        let mut groups = Vec::with_capacity(self.processes.len());
        for &count in &self.processes {
            let (group, after) = rest.split_at(count);
            groups.push(group.to_vec());
            rest = after;
        }
        groups
    }

    pub fn summary(&self) -> Option<Summary> {
        if self.passed() { Summary::of_groups(&self.groups(), self.others.unwrap_or(0.0)) } else { None }
    }
}

/// Nanoseconds that the stages before running take; 0 where a stage was not reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stages {
    /// Lexing and parsing the script itself.
    pub parse: u64,
    /// Resolving names; with it, parsing what is imported.
    pub resolve: u64,
    /// All functions to bytecode; 0 for the tree walker.
    pub compile: u64,
}

/// Blocks taken from the allocator, and their bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Allocations {
    pub count: u64,
    pub bytes: u64,
}

/// Why a row has no result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub kind: ProblemKind,
    pub message: String,
    /// `file:line:column`, where known.
    pub place: Option<String>,
}

/// The ways a script can go wrong, with the exit code `ruff run` has for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProblemKind {
    Unreadable,
    Source,
    Error,
    Exit(i32),
    Timeout,
    Interrupted,
    Crash,
}

impl ProblemKind {
    pub fn exit_code(self) -> i32 {
        match self {
            ProblemKind::Unreadable => 5,
            ProblemKind::Source => 3,
            ProblemKind::Error => 4,
            ProblemKind::Exit(code) => code,
            ProblemKind::Timeout => 124,
            ProblemKind::Interrupted => 130,
            ProblemKind::Crash => 6,
        }
    }

    fn name(self) -> &'static str {
        match self {
            ProblemKind::Unreadable => "unreadable",
            ProblemKind::Source => "source",
            ProblemKind::Error => "error",
            ProblemKind::Exit(_) => "exit",
            ProblemKind::Timeout => "timeout",
            ProblemKind::Interrupted => "interrupted",
            ProblemKind::Crash => "crash",
        }
    }

    fn parse(name: &str, code: i32) -> ProblemKind {
        match name {
            "unreadable" => ProblemKind::Unreadable,
            "source" => ProblemKind::Source,
            "error" => ProblemKind::Error,
            "exit" => ProblemKind::Exit(code),
            "timeout" => ProblemKind::Timeout,
            "interrupted" => ProblemKind::Interrupted,
            _ => ProblemKind::Crash,
        }
    }
}

impl Problem {
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Problem {
        Problem { kind, message: message.into(), place: None }
    }

    /// Message and place in one line.
    pub fn line(&self) -> String {
        let message = self.message.lines().next().unwrap_or_default();
        match &self.place {
            Some(place) => format!("{message} ({place})"),
            None => message.to_owned(),
        }
    }

    pub fn to_json(&self) -> Value {
        json!({
            "kind": self.kind.name(),
            "code": self.kind.exit_code(),
            "message": self.message,
            "place": self.place,
        })
    }

    pub fn from_json(json: &Value) -> Option<Problem> {
        let code = json["code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(1);
        Some(Problem {
            kind: ProblemKind::parse(json["kind"].as_str()?, code),
            message: text(&json["message"]),
            place: json["place"].as_str().map(str::to_owned),
        })
    }
}

impl Report {
    /// The row of a script on an engine.
    pub fn find(&self, script: &str, engine: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.script == script && row.engine == engine)
    }

    /// Names of scripts, in the order of rows.
    pub fn scripts(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|row| row.script.as_str()))
    }

    /// Names of engines, in the order of rows.
    pub fn engines(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|row| row.engine.as_str()))
    }

    /// How much faster `engine` is than `reference` on a script, by medians.
    pub fn speed_up(&self, script: &str, reference: &str, engine: &str) -> Option<f64> {
        let median = |engine| self.find(script, engine).and_then(Row::summary).map(|summary| summary.median);
        let (slow, fast) = (median(reference)?, median(engine)?);
        (fast > 0.0).then(|| slow / fast)
    }

    /// What the process ends with: 0, the code of the failure if all failures are of one kind and nothing ran, else 1.
    pub fn exit_code(&self) -> i32 {
        let mut problems = self.rows.iter().filter_map(|row| row.problem.as_ref()).map(|problem| problem.kind);
        let Some(first) = problems.next() else {
            return 0;
        };
        let alike = problems.all(|kind| kind == first) && self.rows.iter().all(|row| !row.passed());
        // `exit(0)` is no problem, so an exit's own code is never 0.
        if alike { first.exit_code() } else { 1 }
    }

    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "schema": SCHEMA,
            "machine": {
                "version": self.machine.version,
                "system": self.machine.system,
                "processor": self.machine.processor,
                "cores": self.machine.cores,
                "optimised": self.machine.optimised,
                "processor_time": self.machine.processor_time,
            },
            "others": self.others,
            "rows": self.rows.iter().map(row_to_json).collect::<Vec<_>>(),
        });
        if let Some(baseline) = &self.baseline {
            json["baseline"] = json!({ "name": baseline.name, "warnings": baseline.warnings });
        }
        json
    }

    /// Reads what [`Report::to_json`] wrote; summaries are computed anew.
    pub fn from_json(json: &Value) -> Result<Report, String> {
        if json["schema"] != SCHEMA {
            return Err(format!("it is not a result of `ruff bench` (expected \"schema\": \"{SCHEMA}\")"));
        }
        let machine = &json["machine"];
        let rows = json["rows"].as_array().ok_or("it has no rows")?;
        Ok(Report {
            machine: Machine {
                version: text(&machine["version"]),
                system: text(&machine["system"]),
                processor: text(&machine["processor"]),
                cores: number(&machine["cores"]) as usize,
                optimised: machine["optimised"].as_bool().unwrap_or(true),
                processor_time: machine["processor_time"].as_bool().unwrap_or(false),
            },
            rows: rows.iter().map(row_from_json).collect(),
            others: json["others"].as_f64(),
            baseline: None,
        })
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

fn row_to_json(row: &Row) -> Value {
    let mut json = Map::new();
    let mut put = |key: &str, value: Value| drop(json.insert(key.to_owned(), value));
    put("script", row.script.clone().into());
    put("path", row.path.clone().into());
    put("engine", row.engine.clone().into());
    put("ok", row.passed().into());
    if let Some(problem) = &row.problem {
        put("error", problem.to_json());
    }
    put("stages", stages_to_json(row.stages));
    if let Some(summary) = row.summary() {
        put("summary", summary_to_json(&summary));
    }
    put("times", row.times.clone().into());
    put("processes", row.processes.clone().into());
    put("others", row.others.into());
    put("repeat", row.repeat.max(1).into());
    put("fresh", row.fresh.into());
    put("output", row.output.into());
    put("peak_memory", row.peak_memory.into());
    put("allocations", row.allocations.map_or(Value::Null, allocations_to_json));
    put("notes", row.notes.clone().into());
    if let Some(comparison) = row.comparison {
        let Comparison { verdict, ratio, p } = comparison;
        put("comparison", json!({ "verdict": verdict.words(), "ratio": ratio, "p": p }));
    }
    Value::Object(json)
}

fn summary_to_json(summary: &Summary) -> Value {
    json!({
        "count": summary.count,
        "mean": summary.mean,
        "median": summary.median,
        "deviation": summary.deviation,
        "min": summary.min,
        "max": summary.max,
        "interval": [summary.interval.0, summary.interval.1],
        "outliers": { "low": summary.outliers.low, "high": summary.outliers.high, "severe": summary.outliers.severe },
    })
}

fn row_from_json(json: &Value) -> Row {
    Row {
        script: text(&json["script"]),
        path: text(&json["path"]),
        engine: text(&json["engine"]),
        problem: Problem::from_json(&json["error"]),
        stages: stages_from_json(&json["stages"]),
        times: json["times"].as_array().into_iter().flatten().map(number).collect(),
        processes: json["processes"].as_array().into_iter().flatten().map(|count| number(count) as usize).collect(),
        others: json["others"].as_f64(),
        repeat: number(&json["repeat"]),
        fresh: json["fresh"].as_bool().unwrap_or(false),
        output: number(&json["output"]),
        peak_memory: json["peak_memory"].as_u64(),
        allocations: allocations_from_json(&json["allocations"]),
        notes: json["notes"].as_array().into_iter().flatten().map(text).collect(),
        comparison: None,
    }
}

pub(super) fn stages_to_json(stages: Stages) -> Value {
    json!({ "parse": stages.parse, "resolve": stages.resolve, "compile": stages.compile })
}

pub(super) fn stages_from_json(json: &Value) -> Stages {
    Stages { parse: number(&json["parse"]), resolve: number(&json["resolve"]), compile: number(&json["compile"]) }
}

pub(super) fn allocations_to_json(allocations: Allocations) -> Value {
    json!({ "count": allocations.count, "bytes": allocations.bytes })
}

pub(super) fn allocations_from_json(json: &Value) -> Option<Allocations> {
    json.is_object().then(|| Allocations { count: number(&json["count"]), bytes: number(&json["bytes"]) })
}

fn text(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

pub(super) fn number(json: &Value) -> u64 {
    json.as_u64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(script: &str, engine: &str, times: &[u64]) -> Row {
        Row { script: script.into(), engine: engine.into(), times: times.to_vec(), ..Row::default() }
    }

    fn failed(kind: ProblemKind) -> Row {
        Row { problem: Some(Problem::new(kind, "no")), ..row("a", "vm", &[]) }
    }

    #[test]
    fn what_is_saved_is_read_back() {
        let mut good = row("fib", "jit", &[5, 6, 7]);
        good.stages = Stages { parse: 1, resolve: 2, compile: 3 };
        good.repeat = 8;
        good.processes = vec![1, 2];
        assert_eq!(good.groups(), [vec![0.625], vec![0.75, 0.875]]);
        good.allocations = Some(Allocations { count: 4, bytes: 99 });
        good.peak_memory = Some(1 << 20);
        good.notes.push("a note".into());
        let mut bad = failed(ProblemKind::Exit(3));
        bad.problem.as_mut().unwrap().place = Some("a.ruff:1:2".into());
        let report = Report {
            machine: Machine::here(),
            rows: vec![good, Row { repeat: 1, ..bad }],
            others: Some(0.25),
            baseline: None,
        };
        let text = report.to_json().to_string();
        assert_eq!(Report::from_json(&serde_json::from_str(&text).unwrap()), Ok(report));
    }

    #[test]
    fn other_json_is_refused() {
        assert!(Report::from_json(&json!({ "schema": "something/1" })).is_err());
        assert!(Report::from_json(&json!([])).is_err());
    }

    #[test]
    fn speed_ups_are_by_medians() {
        let rows = vec![row("fib", "interp", &[90, 100, 400]), row("fib", "jit", &[9, 10, 11])];
        let report = Report { rows, ..Report::default() };
        assert_eq!(report.speed_up("fib", "interp", "jit"), Some(10.0));
        assert_eq!(report.speed_up("fib", "vm", "jit"), None);
    }

    #[test]
    fn one_kind_of_failure_gives_its_exit_code() {
        let code = |rows: Vec<Row>| Report { rows, ..Report::default() }.exit_code();
        assert_eq!(code(vec![]), 0);
        assert_eq!(code(vec![failed(ProblemKind::Source), failed(ProblemKind::Source)]), 3);
        assert_eq!(code(vec![failed(ProblemKind::Timeout), failed(ProblemKind::Source)]), 1);
        assert_eq!(code(vec![failed(ProblemKind::Timeout), row("b", "vm", &[1])]), 1);
    }
}
