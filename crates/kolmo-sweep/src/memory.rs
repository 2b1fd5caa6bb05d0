//! Memory that processes can still have: of the machine, and of the control groups that this one is in, such as a
//! container, a step of Slurm or a slice of systemd.
//!
//! Groups are nested, and the limit of each counts. Linux has them in two versions, which may be mounted side by side.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Bytes; none where the system does not say. `root` is `/`, or stands for it.
pub(crate) fn left(root: &Path) -> Option<u64> {
    of_machine(root).into_iter().chain(of_groups(root)).min()
}

/// Bytes that a single process may have at most (`ulimit -v`, `ulimit -d`), whatever there is; none for no limit.
#[cfg(unix)]
pub(crate) fn limit_of_process() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    let limits = [Resource::As, Resource::Data].map(|resource| getrlimit(resource).current);
    limits.into_iter().flatten().min()
}

#[cfg(not(unix))]
pub(crate) fn limit_of_process() -> Option<u64> {
    None
}

fn of_machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    text.lines().find_map(|line| {
        let size = line.strip_prefix("MemAvailable:")?.trim();
        let kibibytes: u64 = size.strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes << 10)
    })
}

/// What the groups of this process leave, the least of all.
fn of_groups(root: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
    let (mounts, groups) = (read("proc/self/mountinfo"), read("proc/self/cgroup"));
    let mounts = mounts.lines().filter_map(Mount::read);
    let folders = mounts.flat_map(|mount| {
        let group = groups.lines().find_map(|line| mount.version.group(line));
        let folders = group.map(|group| mount.folders(Path::new(group)));
        let version = mount.version;
        folders
            .unwrap_or_default()
            .into_iter()
            .map(move |folder| (version, folder))
    });
    folders
        .filter_map(|(version, folder)| {
            version.left(&root.join(folder.strip_prefix("/").unwrap_or(&folder)))
        })
        .min()
}

/// A version of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    /// The group that a line of `/proc/self/cgroup` says, if it is of this version and about memory.
    fn group(self, line: &str) -> Option<&str> {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?);
        let is_meant = match self {
            Self::One => controllers.split(',').any(|name| name == "memory"),
            Self::Two => controllers.is_empty(),
        };
        is_meant.then_some(group)
    }

    /// What the group in `folder` leaves, if it has a limit. Pages of files count as used, and are given up when memory is wanted.
    fn left(self, folder: &Path) -> Option<u64> {
        let (limit, used, files) = match self {
            Self::One => (
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                ["total_inactive_file", "total_active_file"],
            ),
            Self::Two => (
                "memory.max",
                "memory.current",
                ["inactive_file", "active_file"],
            ),
        };
        let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
        // No limit is a word in one version, and a number that no machine has in the other.
        let limit: u64 = text(limit)?.trim().parse().ok()?;
        let used: u64 = text(used)?.trim().parse().ok()?;
        let statistics = text("memory.stat").unwrap_or_default();
        let of_files = statistics.lines().filter_map(|line| {
            let (name, bytes) = line.split_once(' ')?;
            let bytes = bytes.trim().parse::<u64>().ok()?;
            files.contains(&name).then_some(bytes)
        });
        let of_files: u64 = of_files.sum();
        Some(limit.saturating_sub(used.saturating_sub(of_files)))
    }
}

/// Where groups are to be seen.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    version: Version,
    /// The group that is there: not the uppermost one in a container, for example.
    group: PathBuf,
    folder: PathBuf,
}

impl Mount {
    /// That of a line of `/proc/self/mountinfo`, if it is one of groups that limit memory.
    fn read(line: &str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (group, folder) = (mount.next()?, mount.next()?);
        let mut system = system.split(' ');
        let (kind, options) = (system.next()?, system.nth(1).unwrap_or_default());
        let version = match kind {
            "cgroup2" => Version::Two,
            "cgroup" if options.split(',').any(|option| option == "memory") => Version::One,
            _ => return None,
        };
        Some(Self {
            version,
            group: group.into(),
            folder: folder.into(),
        })
    }

    /// The folders of `group` and of all groups around it, as far as they are to be seen.
    fn folders(&self, group: &Path) -> Vec<PathBuf> {
        // What is outside of what is mounted has the uppermost folder alone.
        let inside = group.strip_prefix(&self.group).unwrap_or(Path::new(""));
        let is_plain = |part| matches!(part, std::path::Component::Normal(_));
        let inside = match inside.components().all(is_plain) {
            true => inside,
            false => Path::new(""),
        };
        let folder = self.folder.join(inside);
        let around = folder.ancestors();
        let around = around.take_while(|folder| folder.starts_with(&self.folder));
        around.map(Path::to_path_buf).collect()
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A system of these files, with so many GiB available.
    fn system(available: u64, files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        let meminfo = format!("MemTotal: 99 kB\nMemAvailable: {} kB\n", available << 20);
        for (name, text) in [("proc/meminfo", meminfo.as_str())].iter().chain(files) {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    const TWO: &str =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    const BOTH: &str = "\
        31 30 0:27 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n\
        32 30 0:28 / /sys/fs/cgroup/cpu rw,relatime shared:10 - cgroup cgroup rw,cpu\n\
        33 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_limit_of_every_group_around_a_process_counts() {
        let group = "sys/fs/cgroup/system.slice/job_1";
        let file = |name: &str| format!("{group}/{name}");
        for (inner, outer, expected) in [
            ("3000", "max", 2000),
            ("max", "2500", 700),
            ("3000", "1900", 100),
            ("max", "max", 8 << 30),
            // More is used than the limit allows by now.
            ("900", "max", 0),
        ] {
            let root = system(
                8,
                &[
                    ("proc/self/mountinfo", TWO),
                    ("proc/self/cgroup", "0::/system.slice/job_1/step_0\n"),
                    (&file("step_0/memory.max"), "max\n"),
                    (&file("step_0/memory.current"), "500\n"),
                    (&file("memory.max"), inner),
                    (&file("memory.current"), "1000\n"),
                    ("sys/fs/cgroup/system.slice/memory.max", outer),
                    ("sys/fs/cgroup/system.slice/memory.current", "1800\n"),
                ],
            );
            assert_eq!(left(root.path()), Some(expected), "{inner} in {outer}");
        }
    }

    #[test]
    fn groups_of_the_first_version_are_seen_as_well() {
        let job = "sys/fs/cgroup/memory/slurm/uid_0/job_7";
        let root = system(
            8,
            &[
                ("proc/self/mountinfo", BOTH),
                (
                    "proc/self/cgroup",
                    "4:memory:/slurm/uid_0/job_7/step_0\n3:cpu,cpuacct:/else\n0::/\n",
                ),
                (
                    &format!("{job}/step_0/memory.limit_in_bytes"),
                    "9223372036854771712\n",
                ),
                (&format!("{job}/step_0/memory.usage_in_bytes"), "10\n"),
                (&format!("{job}/memory.limit_in_bytes"), "7000\n"),
                (&format!("{job}/memory.usage_in_bytes"), "6000\n"),
                // What is kept of files is given up.
                (
                    &format!("{job}/memory.stat"),
                    "inactive_file 1\ntotal_inactive_file 1500\ntotal_active_file 500\n",
                ),
            ],
        );
        assert_eq!(left(root.path()), Some(3000));
    }

    #[test]
    fn a_container_sees_its_own_group_at_the_top() {
        let limits = [
            ("sys/fs/cgroup/memory.max", "5000"),
            ("sys/fs/cgroup/memory.current", "1000"),
        ];
        let inside = TWO.replace(" / ", " /docker/abc ");
        for (mounts, group) in [
            (TWO, "0::/\n"),
            (TWO, "0::/../else\n"),
            (&*inside, "0::/docker/abc\n"),
            (&*inside, "0::/docker/other\n"),
        ] {
            let known = [("proc/self/mountinfo", mounts), ("proc/self/cgroup", group)];
            let root = system(8, &[&known[..], &limits].concat());
            assert_eq!(left(root.path()), Some(4000), "{mounts} {group}");
        }
    }

    #[test]
    fn without_groups_there_is_what_the_machine_has() {
        assert_eq!(left(system(3, &[]).path()), Some(3 << 30));
        let nothing = tempfile::tempdir().unwrap();
        assert_eq!(left(nothing.path()), None);
    }
}
