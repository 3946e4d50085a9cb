//! What a host holds after 1,000 crashes of one plugin and with 200 plugins active, what a cycle costs and what an idle plugin
//! costs in memory. It fails if descriptors, threads, tasks or memory do not come back to where they were, and if an idle plugin
//! costs more than it may.
//!
//! `cargo bench -p plugin-host --bench soak`; a number is the number of cycles.

#![expect(clippy::print_stdout, reason = "a bench prints")]

#[path = "../tests/soak/farm.rs"]
mod farm;

use std::time::{Duration, Instant};

use farm::{Farm, Result, Usage, resident, runtime};

/// How many plugins are active at once.
const PLUGINS: usize = 200;

/// The most that an idle plugin may cost, in KiB.
const IDLE_LIMIT: u64 = 160;

/// What a crash, and what one more round of a plugin, may leave in KiB: pages that the allocator keeps for the next one.
const LEFT_BY_CRASH: u64 = 4;
const LEFT_BY_PLUGIN: u64 = 8;

/// How often all plugins are started and ended again.
const ROUNDS: usize = 6;

/// What warms up: allocator, thread pool, the journal of the API.
const WARM_UP: usize = 20;

fn main() -> Result<()> {
    let number = std::env::args().find_map(|argument| argument.parse().ok());
    let cycles: usize = number.unwrap_or(1000);
    let build = escargot::CargoBuild::new()
        .release()
        .package("fake-interpreters")
        .bin("fake-interpreter");
    let fake = build.run()?.path().to_owned();
    runtime()?.block_on(async {
        let mut one = Farm::new(&fake, 1)?;
        one.activate().await?;
        one.crash(WARM_UP).await?;
        let (before, held) = (Usage::now()?, resident()?);
        let began = Instant::now();
        one.crash(cycles).await?;
        let took = began.elapsed();
        let after = before.settled().await?;
        let now = resident()?;
        println!(
            "{cycles} crashes and restarts: {:.2} ms each; resident {held} KiB, then {} KiB",
            took.as_secs_f64() * 1000.0 / cycles as f64,
            now
        );
        compare("one plugin", before, after)?;
        limit("a crash", held, now, cycles, LEFT_BY_CRASH)?;
        one.environment.shutdown().await;
        drop(one);

        // A few only: what 200 plugins leave to the allocator would hide what 200 plugins hold.
        let mut few = Farm::new(&fake, WARM_UP)?;
        few.activate().await?;
        few.environment.shutdown().await;
        drop(few);
        let mut many = Farm::new(&fake, PLUGINS)?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (idle, held) = (Usage::now()?, resident()?);
        let began = Instant::now();
        many.activate().await?;
        let took = began.elapsed();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (busy, holds) = (Usage::now()?, resident()?);
        let per_plugin = |more: usize, less: usize| (more - less) as f64 / PLUGINS as f64;
        println!(
            "{:?}: {:.1} ms per start; per idle plugin {:.1} KiB, {:.1} descriptors, {:.1} tasks",
            many.states(),
            took.as_secs_f64() * 1000.0 / PLUGINS as f64,
            holds.saturating_sub(held) as f64 / PLUGINS as f64,
            per_plugin(busy.descriptors, idle.descriptors),
            per_plugin(busy.tasks, idle.tasks),
        );
        limit("an idle plugin", held, holds, PLUGINS, IDLE_LIMIT)?;
        many.deactivate().await?;
        let after = idle.settled().await?;
        let now = resident()?;
        println!("resident {held} KiB, then {holds} KiB, then {now} KiB");
        compare("200 plugins", idle, after)?;
        // The allocator keeps what all of them held at once, and needs a few rounds of the same to settle; a leak goes on.
        let mut rounds = vec![now];
        for _ in 0..ROUNDS {
            many.activate().await?;
            many.deactivate().await?;
            idle.settled().await?;
            rounds.push(resident()?);
        }
        println!("after each further round of the same: {rounds:?} KiB");
        let [.., settled, last] = rounds[..] else {
            return Err("no rounds were played".into());
        };
        limit(
            "one more round of a plugin",
            settled,
            last,
            PLUGINS,
            LEFT_BY_PLUGIN,
        )?;
        many.environment.shutdown().await;
        Ok(())
    })
}

/// An error if so many of something hold more than so many KiB each.
fn limit(what: &str, before: u64, after: u64, count: usize, most: u64) -> Result<()> {
    let each = after.saturating_sub(before) as f64 / count as f64;
    if each <= most as f64 {
        return Ok(());
    }
    Err(format!("{what} holds {each:.1} KiB, and may hold {most}").into())
}

fn compare(what: &str, before: Usage, after: Usage) -> Result<()> {
    println!("{what}: {before:?}, then {after:?}");
    let is_within = after.descriptors <= before.descriptors
        && after.threads <= before.threads
        && after.tasks <= before.tasks;
    if is_within {
        return Ok(());
    }
    Err(format!("{what}: the host holds more than before").into())
}
