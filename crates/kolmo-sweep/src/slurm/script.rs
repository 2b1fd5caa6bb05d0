//! The script of an array.

use std::{fmt::Write, path::Path};

use kolmo_config::content_hash;

use super::Array;
use crate::{
    commands::{Trainer, quoted, word},
    directory::{SweepDirectory, write_if_new},
    error::SweepError,
    file::Slurm,
    plan::{Plan, PlannedRun},
};

/// What an element does. The commands are in a file beside the script, one a line.
const BODY: &str = r#"
# One run. It saves and ends with code 75 when it is warned.
line=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$commands")
id=${line%% *}
command=${line#* }
rm -f "$logs/$id.exit"
export RAYON_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}

eval "exec $command --device \"$device\"" >> "$logs/$id.log" 2>&1 &
child=$!
[ "$warned" ] && kill -USR1 "$child"
# A signal ends a wait before the run has ended.
while kill -0 "$child" 2>/dev/null; do wait "$child"; done
wait "$child"
code=$?

if [ "$code" = 75 ] && [ "$warned" ]; then
  # This element alone: the number of the last element is that of the whole array.
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
  # Slurm ends the script here.
  sleep 300
fi
[ "$code" = 0 ] || [ "$code" = 75 ] || echo "$code" > "$logs/$id.exit"
exit "$code"
"#;

/// Writes the script of the array of `runs`.
pub(super) fn write(
    plan: &Plan,
    directory: &SweepDirectory,
    trainer: &Trainer,
    runs: &[&PlannedRun],
) -> Result<Array, SweepError> {
    let slurm = &plan.file.slurm;
    // A job begins in a folder of its own.
    let directory = directory.absolute()?;
    let folder = directory.slurm();
    let output = output(&folder)?;
    let mut lines = String::new();
    for run in runs {
        let command = trainer.line(run, &directory, None)?;
        let _ = writeln!(lines, "{} {command}", run.id);
    }
    // Of its content, since a script that waits in the queue is read when it begins.
    let name = format!(
        "array-{}",
        &content_hash(format!("{lines}{slurm:?}").as_bytes())[..8]
    );
    let commands = folder.join(format!("{name}.commands"));
    write_if_new(&commands, &lines)?;

    let quote = |path: &Path| quoted([word(path)?.as_str()]);
    let logs = directory.log("x");
    let logs = logs.parent().unwrap_or(directory.root());
    let mut text = String::new();
    for option in options(plan, slurm, runs.len()) {
        let _ = writeln!(text, "#SBATCH {option}");
    }
    let _ = writeln!(
        text,
        "# Made by kolmo sweep submit. Element k is the run of line k + 1 of the commands.\n\n\
         # A warning that comes before the run has begun.\nwarned=\nchild=\n\
         warn() {{ warned=yes; [ -z \"$child\" ] || kill -USR1 \"$child\" 2>/dev/null; }}\ntrap warn USR1\n\n\
         commands={}\nlogs={}\ndevice=\"{}\"",
        quote(&commands)?,
        quote(logs)?,
        slurm.device,
    );
    for line in &slurm.setup {
        let _ = writeln!(text, "{line}");
    }
    text.push_str(BODY);
    let script = folder.join(format!("{name}.sh"));
    write_if_new(&script, &format!("#!/bin/bash\n{text}"))?;
    let arguments = vec![format!("--output={output}"), word(&script)?];
    Ok(Array {
        job: None,
        script,
        arguments,
        runs: runs.iter().map(|run| run.id.clone()).collect(),
    })
}

/// The pattern of the files that take what the script itself says. Slurm replaces `%A` wherever it is, and takes a
/// backslash for the wish that it replace nothing.
fn output(folder: &Path) -> Result<String, SweepError> {
    let folder = word(folder)?;
    if folder.contains('\\') {
        let problem = format!(
            "{folder} has a backslash, which Slurm takes out of a path: give it another name"
        );
        return Err(SweepError::Refused(problem));
    }
    Ok(format!("{}/%A_%a.log", folder.replace('%', "%%")))
}

/// The name of the jobs: sbatch takes quotes, spaces and # in a line of options for its own.
fn job_name(plan: &Plan) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let letters = plan.name.chars().map(|c| if plain(c) { c } else { '_' });
    letters.collect()
}

fn options(plan: &Plan, slurm: &Slurm, count: usize) -> Vec<String> {
    let at_once = match slurm.at_once {
        0 => String::new(),
        most => format!("%{most}"),
    };
    let mut options = vec![
        format!("--job-name={}", job_name(plan)),
        format!("--array=0-{}{at_once}", count - 1),
        format!("--time={}", slurm.time),
        format!("--signal=B:USR1@{}", slurm.warning_s),
        "--requeue".to_owned(),
        "--open-mode=append".to_owned(),
        format!("--cpus-per-task={}", slurm.cpus.max(1)),
    ];
    if !slurm.gres.is_empty() {
        options.push(format!("--gres={}", slurm.gres));
    }
    options.extend(slurm.memory.iter().map(|memory| format!("--mem={memory}")));
    options.extend(slurm.options.iter().cloned());
    options
}
