// SPDX-License-Identifier: Apache-2.0
//! The CUDA backend: whole rounds on one card, seeds and trees included.
//!
//! Two streams, as round t needs the root of round t-2 only: while one multiplies, the other takes the tree of the round
//! before, derives from its root the seed of the round after, and draws that round's inputs. So there are two sets of
//! inputs and digests. CUDA's libraries are loaded when they are first needed; nothing is linked.

mod apart;
pub mod card;
pub mod driver;
mod lt;
pub mod nvrtc;
pub mod plan;
pub mod source;

#[cfg(test)]
pub mod emulator;
#[cfg(test)]
mod tests;

pub use apart::{Answer, Failure, PATIENCE};
pub use card::{CudaError, Info, Library, Platform};
pub use plan::Route;

use self::{
    card::{Address, Card, Event, Slot, Stream},
    plan::{Plan, Step, BATCH, GROUP},
};
use super::{known_answers, macs_per_second, time_round, Prover, ProverError};
use compute_proof::{
    class::LEAF_CELLS,
    hash::{keyed, NODE_KEY},
    merkle::Tree,
    opening::Leaf,
    prove::LeafProof,
    Class, Hash,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// The cards of this machine.
pub fn here() -> Arc<dyn Platform> {
    Arc::new(driver::Cards)
}

/// One card on one route.
pub struct Cuda {
    platform: Arc<dyn Platform>,
    index: usize,
    route: Route,
    /// The open card; none after a failure, until it is needed again.
    open: Option<Open>,
}

struct Open {
    card: Box<dyn Card>,
    /// Memory for the class that was computed last.
    plan: Option<Plan>,
}

impl Cuda {
    /// The fastest route of card `index` that passes the known answers. One that fails or hangs is passed over.
    ///
    /// # Errors
    /// [`ProverError`]: why the likely fastest route does not work, if none does.
    pub fn fastest(platform: &Arc<dyn Platform>, index: usize) -> Result<Self, ProverError> {
        let info = platform.card(index)?;
        // What no route could do without.
        Route::Mma.check(&info)?;
        if !platform.has(Library::Nvrtc) {
            return Err(CudaError::NoLibrary(Library::Nvrtc).into());
        }
        let routes = Route::ALL
            .into_iter()
            .filter(|route| route.check(&info).is_ok())
            .filter(|route| route.library().is_none_or(|library| platform.has(library)));
        let (mut best, mut failure) = (None, None);
        for route in routes {
            match platform.measure(index, route) {
                Ok(rate) => {
                    tracing::debug!(index, backend = route.name(), macs_per_second = rate, "measured");
                    if best.is_none_or(|(fastest, _)| rate > fastest) {
                        best = Some((rate, route));
                    }
                }
                // The next may work. If none does, the caller says why.
                Err(error) => {
                    tracing::info!(index, backend = route.name(), "passed over: {error}");
                    failure.get_or_insert(error);
                }
            }
        }
        match best {
            Some((_, route)) => Self::new(platform, index, route),
            None => Err(failure.unwrap_or(ProverError::NoBackend)),
        }
    }

    /// One route of card `index`, once it has passed the known answers.
    ///
    /// # Errors
    /// [`ProverError`].
    pub fn new(platform: &Arc<dyn Platform>, index: usize, route: Route) -> Result<Self, ProverError> {
        route.check(&platform.card(index)?)?;
        let mut cuda = Self::unchecked(platform, index, route);
        known_answers::check(&mut cuda)?;
        // Of a product of class S the answers see a few rows; the root of a round depends on all of them.
        match known_answers::check_round(&mut cuda, Class::M) {
            Err(ProverError::Cuda(error)) if error.is_memory() => {}
            other => other?,
        }
        Ok(cuda)
    }

    fn unchecked(platform: &Arc<dyn Platform>, index: usize, route: Route) -> Self {
        Self {
            platform: platform.clone(),
            index,
            route,
            open: None,
        }
    }

    /// Runs `work` on the open card, with memory for `class`. After a failure the card is closed: what is left of it is
    /// not relied on, and the next call tries it afresh.
    fn on_card<T>(
        &mut self,
        class: Class,
        work: impl FnOnce(&mut dyn Card, &Plan) -> Result<T, CudaError>,
    ) -> Result<T, CudaError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        let plan = match open.plan.take() {
            Some(plan) if plan.class == class => plan,
            _ => match Plan::new(&mut *open.card, self.route, class) {
                Ok(plan) => plan,
                // Nothing is wrong with the card: a smaller class may fit.
                Err(error @ CudaError::TooLittleMemory { .. }) => {
                    self.open = Some(open);
                    return Err(error);
                }
                Err(error) => return Err(error),
            },
        };
        let result = work(&mut *open.card, &plan)?;
        open.plan = Some(plan);
        self.open = Some(open);
        Ok(result)
    }

    fn open(&self) -> Result<Open, CudaError> {
        let mut card = self.platform.open(self.index, self.route.first())?;
        for program in self.route.programs() {
            card.load(*program)?;
        }
        Ok(Open { card, plan: None })
    }

    /// How long the library takes for the products of a round alone, without digests: what other routes are compared with.
    ///
    /// # Errors
    /// [`ProverError`], on every route but the library's too.
    pub fn time_library(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        if self.route != Route::CublasLt {
            return Err(ProverError::Unavailable("product by the library on this route"));
        }
        let slot = Slot::Even;
        let time = self.on_card(class, |card, plan| {
            card.upload(plan.seed_at(slot), seed)?;
            draw(card, plan, slot)?;
            card.finish()?;
            let begun = Instant::now();
            for step in plan.product(slot) {
                if let Step::Multiply(multiply) = step {
                    card.multiply(&multiply)?;
                }
            }
            card.finish()?;
            Ok(begun.elapsed())
        })?;
        Ok(time)
    }

    /// Up to [`BATCH`] rounds, in a row.
    fn batch(
        &mut self,
        class: Class,
        key: &Hash,
        first: u32,
        before: &[Hash; 2],
        count: u32,
    ) -> Result<Vec<Hash>, CudaError> {
        self.on_card(class, |card, plan| {
            card.upload(plan.key, key)?;
            card.upload(plan.roots, before.as_flattened())?;
            for index in 0..count {
                let slot = Slot::of(index);
                card.launch(Stream::Side, &plan.seed(first + index, index))?;
                draw(card, plan, slot)?;
                multiply(card, plan, slot)?;
                // The tree of the round before comes after the inputs of this one: it waits for a product, and this
                // round's product waits for the inputs.
                if let Some(earlier) = index.checked_sub(1) {
                    tree(card, plan, Slot::of(earlier), earlier)?;
                }
            }
            if let Some(last) = count.checked_sub(1) {
                tree(card, plan, Slot::of(last), last)?;
            }
            card.finish()?;
            let mut roots = vec![[0; 32]; size(count)];
            card.download(plan.root_at(0), roots.as_flattened_mut())?;
            Ok(roots)
        })
    }

    /// One round whose seed is given, and what `after` reads of it.
    fn round<T>(
        &mut self,
        class: Class,
        seed: &Hash,
        after: impl FnOnce(&mut dyn Card, &Plan) -> Result<T, CudaError>,
    ) -> Result<T, CudaError> {
        let slot = Slot::Even;
        self.on_card(class, |card, plan| {
            card.upload(plan.seed_at(slot), seed)?;
            draw(card, plan, slot)?;
            multiply(card, plan, slot)?;
            tree(card, plan, slot, 0)?;
            card.finish()?;
            after(card, plan)
        })
    }
}

/// How fast a route of a card is in the largest class that is quickly measured and fits: multiply-accumulates a second, in whole rounds as they
/// overlap in a census.
///
/// # Errors
/// [`ProverError`]: of the route, or of the known answers.
pub fn measure(platform: &Arc<dyn Platform>, index: usize, route: Route) -> Result<u64, ProverError> {
    let mut cuda = Cuda::new(platform, index, route)?;
    let mut rate = |class| Ok(macs_per_second(class, 1, time_round(&mut cuda, class)?));
    match rate(Class::M) {
        Err(ProverError::Cuda(error)) if error.is_memory() => rate(Class::S),
        other => other,
    }
}

/// Draws the inputs of a slot.
fn draw(card: &mut dyn Card, plan: &Plan, slot: Slot) -> Result<(), CudaError> {
    card.launch(Stream::Side, &plan.inputs(slot))?;
    card.signal(Stream::Side, Event::Inputs(slot))
}

/// Multiplies the inputs of a slot, once they are drawn.
fn multiply(card: &mut dyn Card, plan: &Plan, slot: Slot) -> Result<(), CudaError> {
    card.wait(Stream::Product, Event::Inputs(slot))?;
    for step in plan.product(slot) {
        match step {
            Step::Launch(launch) => card.launch(Stream::Product, &launch)?,
            Step::Multiply(multiply) => card.multiply(&multiply)?,
        }
    }
    card.signal(Stream::Product, Event::Digests(slot))
}

/// Takes the tree over the digests of a slot, once they are there.
fn tree(card: &mut dyn Card, plan: &Plan, slot: Slot, index: u32) -> Result<(), CudaError> {
    card.wait(Stream::Side, Event::Digests(slot))?;
    plan.tree(slot, index)
        .iter()
        .try_for_each(|launch| card.launch(Stream::Side, launch))
}

impl Prover for Cuda {
    fn name(&self) -> &'static str {
        self.route.name()
    }

    fn threads(&self) -> usize {
        1
    }

    fn describe(&self) -> String {
        format!("{} on card {}", self.name(), self.index)
    }

    fn is_card(&self) -> bool {
        true
    }

    fn uuid(&self) -> Option<String> {
        self.platform.card(self.index).ok().map(|info| info.uuid)
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        let root = self.round(class, seed, |card, plan| {
            let mut root = [0; 32];
            card.download(plan.root_at(0), &mut root)?;
            Ok(root)
        })?;
        Ok(root)
    }

    fn roots(
        &mut self,
        class: Class,
        key: &Hash,
        first: u32,
        before: [Hash; 2],
        count: u32,
    ) -> Result<Vec<Hash>, ProverError> {
        let mut roots = before.to_vec();
        let mut done = 0;
        while done < count {
            let part = (count - done).min(BATCH);
            let [.., two_before, one_before] = roots[..] else {
                break;
            };
            roots.extend(self.batch(class, key, first + done, &[two_before, one_before], part)?);
            done += part;
        }
        Ok(roots.split_off(before.len()))
    }

    fn at_once(&self) -> u32 {
        BATCH
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        if let Some(index) = indices.iter().find(|index| **index >= class.leaves()) {
            return Err(ProverError::NoLeaf { class, index: *index });
        }
        let per_group = plan::group(class);
        let (nodes, groups) = self.round(class, seed, |card, plan| {
            // The groups of leaves that are asked for, and one node for each group.
            let mut groups: BTreeMap<u32, Vec<Leaf>> = BTreeMap::new();
            for index in indices {
                let group = index / per_group;
                if groups.contains_key(&group) {
                    continue;
                }
                let mut leaves = vec![[0; size(LEAF_CELLS)]; size(per_group)];
                let first = u64::from(group) * u64::from(per_group) * u64::from(LEAF_CELLS);
                let from: Address = plan.digests_at(Slot::Even).after(first);
                card.download(from, leaves.as_flattened_mut())?;
                groups.insert(group, leaves);
            }
            let mut nodes = vec![[0; 32]; size(plan::groups(class))];
            let from = match nodes.len() {
                1 => plan.root_at(0),
                _ => plan.nodes_at(),
            };
            card.download(from, nodes.as_flattened_mut())?;
            Ok((nodes, groups))
        })?;
        let above = Tree::new(&NODE_KEY, nodes);
        let trees: BTreeMap<u32, (Tree, Vec<Leaf>)> = groups
            .into_iter()
            .map(|(group, leaves)| {
                let hashes = leaves.iter().map(|leaf| keyed(seed, leaf)).collect();
                (group, (Tree::new(&NODE_KEY, hashes), leaves))
            })
            .collect();
        indices
            .iter()
            .map(|index| {
                let (group, at) = (index / per_group, index % per_group);
                let proof = trees.get(&group).and_then(|(tree, leaves)| {
                    let mut path = tree.path(at)?;
                    path.extend(above.path(group)?);
                    let leaf = *leaves.get(size(at))?;
                    Some(LeafProof { leaf, path })
                });
                proof.ok_or(ProverError::NoLeaf { class, index: *index })
            })
            .collect()
    }

    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        let slot = Slot::Even;
        let time = self.on_card(class, |card, plan| {
            card.upload(plan.seed_at(slot), seed)?;
            draw(card, plan, slot)?;
            card.finish()?;
            let begun = Instant::now();
            multiply(card, plan, slot)?;
            card.finish()?;
            Ok(begun.elapsed())
        })?;
        Ok(time)
    }
}

const _: () = assert!(
    GROUP == 512,
    "the kernel `leaves` has 256 threads of two leaves each"
);

/// A size in elements; where this backend runs, memory is addressed by at least 32 bits.
const fn size(elements: u32) -> usize {
    const { assert!(usize::BITS >= u32::BITS) };
    elements as usize
}
