//! `ci/action/action.yml` and a stand-in of the service that plays composite actions: expressions, conditions, files for outputs and for the
//! summary. What it does not know it refuses, so an action that uses more of the service is not taken for tried.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

use super::root;

/// The action, read.
pub(crate) struct Action {
    document: Yaml<'static>,
}

/// What became of a job that uses the action.
pub(crate) struct Job {
    /// Whether the service would show the step as failed.
    pub(crate) failed: bool,
    /// The outputs of the action.
    pub(crate) outputs: BTreeMap<String, String>,
    /// What was kept as an artifact.
    pub(crate) kept: Vec<PathBuf>,
    /// What all steps said.
    pub(crate) said: String,
}

/// What expressions are filled from.
#[derive(Default)]
struct Context {
    inputs: BTreeMap<String, String>,
    /// By step and name.
    outputs: BTreeMap<(String, String), String>,
}

fn text<'a>(node: &'a Yaml<'_>, key: &str) -> Option<&'a str> {
    node.as_mapping_get(key).and_then(Yaml::as_str)
}

fn keys(node: &Yaml<'_>) -> BTreeSet<String> {
    let keys = node.as_mapping().unwrap().keys();
    keys.map(|key| key.as_str().unwrap().to_owned()).collect()
}

/// All texts below a node.
fn texts(node: &Yaml<'_>, found: &mut Vec<String>) {
    if let Some(mapping) = node.as_mapping() {
        mapping.values().for_each(|value| texts(value, found));
    } else if let Some(list) = node.as_sequence() {
        list.iter().for_each(|value| texts(value, found));
    } else {
        found.extend(node.as_str().map(str::to_owned));
    }
}

/// The expressions in a text: what stands between the braces.
fn expressions(text: &str) -> Vec<&str> {
    let parts = text.split("${{").skip(1);
    parts
        .map(|part| part.split_once("}}").expect("an expression has an end").0)
        .map(str::trim)
        .collect()
}

impl Action {
    pub(crate) fn read() -> Action {
        let file = fs::read_to_string(root().join("ci/action/action.yml")).unwrap();
        let mut documents = Yaml::load_from_str(Box::leak(file.into_boxed_str())).unwrap();
        assert_eq!(documents.len(), 1);
        Action {
            document: documents.remove(0),
        }
    }

    fn part(&self, name: &str) -> &Yaml<'static> {
        self.document.as_mapping_get(name).unwrap()
    }

    fn steps(&self) -> &[Yaml<'static>] {
        let runs = self.part("runs");
        assert_eq!(text(runs, "using"), Some("composite"));
        runs.as_mapping_get("steps").unwrap().as_sequence().unwrap()
    }

    /// The names of the inputs that are declared.
    pub(crate) fn declared(&self) -> BTreeSet<String> {
        keys(self.part("inputs"))
    }

    /// All expressions that it uses.
    pub(crate) fn used(&self) -> BTreeSet<String> {
        let mut found = Vec::new();
        texts(&self.document, &mut found);
        let used = found.iter().flat_map(|text| expressions(text));
        used.map(str::to_owned).collect()
    }

    /// The ids of its steps.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        let ids = self.steps().iter().filter_map(|step| text(step, "id"));
        ids.map(str::to_owned).collect()
    }

    /// Whoever reads the list of inputs and outputs is told what each is; an input that may be left out has a default.
    pub(crate) fn is_described(&self) {
        for part in ["inputs", "outputs"] {
            for (name, entry) in self.part(part).as_mapping().unwrap() {
                let described = text(entry, "description").is_some_and(|words| !words.is_empty());
                assert!(described, "{part}: {name:?}");
                let required = entry.as_mapping_get("required").and_then(Yaml::as_bool);
                let value = text(entry, if part == "inputs" { "default" } else { "value" });
                assert!(
                    value.is_some() != required.unwrap_or(false),
                    "{part}: {name:?}"
                );
            }
        }
    }

    fn inputs(&self, given: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut inputs = BTreeMap::new();
        for (name, entry) in self.part("inputs").as_mapping().unwrap() {
            let name = name.as_str().unwrap();
            let given = given.iter().find(|(key, _)| *key == name);
            let value = given.map(|(_, value)| *value).or(text(entry, "default"));
            let value = value.unwrap_or_else(|| panic!("the input {name} has to be given"));
            inputs.insert(name.to_owned(), value.to_owned());
        }
        for (name, _) in given {
            assert!(inputs.contains_key(*name), "there is no input {name}");
        }
        inputs
    }

    /// Plays it in a workspace, with these inputs.
    pub(crate) fn play(&self, workspace: &Path, given: &[(&str, &str)]) -> Job {
        let mut context = Context {
            inputs: self.inputs(given),
            ..Context::default()
        };
        let mut job = Job {
            failed: false,
            outputs: BTreeMap::new(),
            kept: Vec::new(),
            said: String::new(),
        };
        for step in self.steps() {
            let plays = match text(step, "if") {
                None => !job.failed,
                Some("always()") => true,
                Some(other) => panic!("this service does not know the condition {other}"),
            };
            if !plays {
                continue;
            }
            match (text(step, "run"), text(step, "uses")) {
                (Some(script), None) => run(step, script, workspace, &mut context, &mut job),
                (None, Some("actions/upload-artifact@v4")) => {
                    let with = step.as_mapping_get("with").unwrap();
                    assert!(text(with, "name").is_some_and(|name| !name.is_empty()));
                    let path = context.filled(text(with, "path").unwrap());
                    job.kept.push(workspace.join(path));
                }
                other => panic!("this service does not know the step {other:?}"),
            }
        }
        for (name, entry) in self.part("outputs").as_mapping().unwrap() {
            let value = context.filled(text(entry, "value").unwrap());
            job.outputs.insert(name.as_str().unwrap().to_owned(), value);
        }
        job
    }
}

/// A step that runs a script: the service writes it to a file, and reads afterwards what it has said of outputs.
fn run(step: &Yaml<'_>, script: &str, workspace: &Path, context: &mut Context, job: &mut Job) {
    // A composite action has no default.
    assert_eq!(text(step, "shell"), Some("sh"), "the shell of {step:?}");
    assert_eq!(
        expressions(script),
        [""; 0],
        "whoever gives an input could give a command"
    );
    let temp = workspace.join("_temp");
    fs::create_dir_all(&temp).unwrap();
    let [file, outputs] = ["step.sh", "outputs"].map(|name| temp.join(name));
    fs::write(&file, script).unwrap();
    fs::write(&outputs, "").unwrap();
    let mut shell = Command::new("sh");
    shell
        .arg("-e")
        .arg(&file)
        .current_dir(workspace)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", workspace)
        .env("RUNNER_TEMP", &temp)
        .env("GITHUB_WORKSPACE", workspace)
        .env("GITHUB_ACTION_PATH", root().join("ci/action"))
        .env("GITHUB_OUTPUT", &outputs)
        .env("GITHUB_STEP_SUMMARY", temp.join("summary"));
    for (name, value) in step.as_mapping_get("env").unwrap().as_mapping().unwrap() {
        let value = context.filled(value.as_str().unwrap());
        shell.env(name.as_str().unwrap(), value);
    }
    let output = shell.output().unwrap();
    job.said += &String::from_utf8_lossy(&[output.stdout, output.stderr].concat());
    job.failed |= !output.status.success();
    let said = fs::read_to_string(&outputs).unwrap();
    let Some(id) = text(step, "id") else {
        assert_eq!(
            said, "",
            "nobody can name the outputs of a step without an id"
        );
        return;
    };
    for line in said.lines() {
        let (name, value) = line.split_once('=').expect("an output is NAME=VALUE");
        let key = (id.to_owned(), name.to_owned());
        context.outputs.insert(key, value.to_owned());
    }
}

impl Context {
    fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for expression in expressions(text) {
            let value = self.value(expression);
            let from = filled.find("${{").unwrap();
            let to = filled.find("}}").unwrap() + 2;
            filled.replace_range(from..to, &value);
        }
        filled
    }

    fn value(&self, expression: &str) -> String {
        let parts: Vec<&str> = expression.split('.').collect();
        let known = match parts.as_slice() {
            ["inputs", name] => self.inputs.get(*name).cloned(),
            ["github", "action_path"] => Some(root().join("ci/action").display().to_string()),
            ["steps", id, "outputs", name] => {
                let key = ((*id).to_owned(), (*name).to_owned());
                self.outputs.get(&key).cloned()
            }
            _ => None,
        };
        known.unwrap_or_else(|| panic!("{expression} has no value"))
    }
}
