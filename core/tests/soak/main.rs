//! A host that has seen many crashes and many plugins holds no more than before. Alone in its process, because it counts what
//! the process holds; `benches/soak.rs` is the long version.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod farm;

use farm::{Farm, Usage, resident, runtime};

/// Crashes that warm up, and those that are measured.
const WARM_UP: usize = 10;
const CRASHES: usize = 60;

/// KiB per crash: more than the allocator's pages come and go by, and less than a session that is not let go.
const PER_CRASH: u64 = 64;

fn fake() -> std::path::PathBuf {
    let build = escargot::CargoBuild::new()
        .args([
            "--package=plugin-conformance",
            "--package=fake-interpreters",
        ])
        .bin("fake-interpreter");
    build.run().unwrap().path().to_owned()
}

#[test]
fn crashes_and_plugins_leave_descriptors_threads_and_tasks_where_they_were() {
    let fake = fake();
    runtime().unwrap().block_on(async {
        let empty = Usage::now().unwrap();

        let mut one = Farm::new(&fake, 1).unwrap();
        one.activate().await.unwrap();
        one.crash(WARM_UP).await.unwrap();
        let before = Usage::now().unwrap();
        let held = resident().unwrap();
        // What a crash leaves for a moment is gone before it is compared.
        one.crash(CRASHES).await.unwrap();
        let after = before.settled().await.unwrap();
        assert!(
            after.descriptors <= before.descriptors,
            "{before:?} {after:?}"
        );
        assert!(after.threads <= before.threads, "{before:?} {after:?}");
        assert!(after.tasks <= before.tasks, "{before:?} {after:?}");
        let holds = resident().unwrap();
        let allowed = PER_CRASH * CRASHES as u64;
        assert!(holds <= held + allowed, "{held} KiB, then {holds} KiB");
        let status = one.environment.statuses().remove(0);
        let crashes = (WARM_UP + CRASHES) as u64;
        assert_eq!((status.starts, status.restarts), (crashes + 1, crashes));
        assert_eq!(one.environment.shutdown().await.len(), 1);
        drop(one);

        let mut many = Farm::new(&fake, 40).unwrap();
        let idle = Usage::now().unwrap();
        many.activate().await.unwrap();
        assert_eq!(many.states(), [("running", 40)].into());
        let busy = Usage::now().unwrap();
        assert!(busy.descriptors > idle.descriptors + 40, "{busy:?}");
        assert!(busy.tasks > idle.tasks + 40, "{busy:?}");
        assert_eq!(many.deactivate().await.unwrap(), 0);
        let after = idle.settled().await.unwrap();
        assert!(after.descriptors <= idle.descriptors, "{idle:?} {after:?}");
        assert!(after.threads <= idle.threads, "{idle:?} {after:?}");
        assert!(after.tasks <= idle.tasks, "{idle:?} {after:?}");
        many.environment.shutdown().await;
        drop(many);

        let after = empty.settled().await.unwrap();
        assert!(
            after.descriptors <= empty.descriptors,
            "{empty:?} {after:?}"
        );
        assert!(after.tasks <= empty.tasks, "{empty:?} {after:?}");
    });
}
