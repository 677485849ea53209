//! Parameters that a step changes together, as PyTorch's optimizers have them in groups.
//!
//! A graphics card takes as long to be asked for an operation as for the operation itself on a small
//! tensor. A transformer has a hundred of them, and Adam eight operations: so there the parameters of
//! a group lie one behind the other in a large tensor.

use super::adam::Memory;
use crate::error::Result;
use std::cmp::Ordering;
use std::ops::Range;
use tch::Tensor;

/// So many numbers lie in one tensor, at most, but for a parameter that is larger itself: what a step
/// needs beside them, several times as much memory, stays small.
const MOST: usize = 1 << 24;

/// A parameter that is trained, and what Adam remembers of its gradients.
pub struct Slot {
    pub name: String,
    pub parameter: Tensor,
    pub memory: Option<Memory>,
    pub rule: Rule,
}

/// How a parameter is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Its learning rate, as a share of that of the step.
    pub rate: f64,
    /// It stays as it is in so many steps first.
    pub waits: i32,
    /// Whether the decay of the weights is for it.
    pub decays: bool,
}

/// What lies in one tensor: one parameter, or several.
pub struct Group {
    pub slots: Range<usize>,
    pub parameters: Tensor,
    pub memory: Option<Memory>,
    pub rule: Rule,
}

impl Rule {
    fn order(&self, other: &Rule) -> Ordering {
        let rest = |rule: &Rule| (rule.waits, rule.decays);
        self.rate.total_cmp(&other.rate).then_with(|| rest(self).cmp(&rest(other)))
    }
}

/// The groups of all parameters, each once, in their order, which may be another one afterwards;
/// `together`, several lie in the tensor of a group.
pub fn groups(slots: &mut [Slot], together: bool) -> Result<Vec<Group>> {
    slots.sort_by(|one, other| one.rule.order(&other.rule));
    let numbers = |slot: &Slot| slot.parameter.numel();
    let kind = |slot: &Slot| (slot.rule, slot.parameter.kind());
    let mut groups = Vec::new();
    let mut begin = 0;
    while begin < slots.len() {
        let (mut end, mut size) = (begin + 1, numbers(&slots[begin]));
        let fits = |slot: &Slot, size: usize| {
            together && kind(slot) == kind(&slots[begin]) && size + numbers(slot) <= MOST
        };
        while end < slots.len() && fits(&slots[end], size) {
            size += numbers(&slots[end]);
            end += 1;
        }
        groups.push(group(slots, begin..end, together)?);
        begin = end;
    }
    Ok(groups)
}

/// Puts the parameters of a group, and what is remembered of them, one behind the other.
fn group(slots: &mut [Slot], range: Range<usize>, together: bool) -> Result<Group> {
    let _no_grad = tch::no_grad_guard();
    let own = &mut slots[range.clone()];
    let rule = own[0].rule;
    if let [slot] = own {
        // Where it lay together with others before, it would keep all of these in memory.
        if together && slot.parameter.numel() < MOST {
            slot.parameter.f_set_data(&slot.parameter.f_detach_copy()?)?;
            slot.memory = match slot.memory {
                Some(_) => Some(Memory::new(&slot.parameter)?),
                None => None,
            };
        }
        let parameters = slot.parameter.shallow_clone();
        let memory = slot.memory.as_ref().map(Memory::shallow_clone);
        return Ok(Group { slots: range, parameters, memory, rule });
    }
    let parameters = flat(own.iter().map(|slot| &slot.parameter))?;
    let memory = own.iter().all(|slot| slot.memory.is_some());
    let memory = if memory { Some(Memory::new(&parameters)?) } else { None };
    let mut begin = 0;
    for slot in own {
        let (size, numbers) = (slot.parameter.size(), slot.parameter.numel() as i64);
        let part = |whole: &Tensor| -> Result<Tensor> {
            Ok(whole.f_narrow(0, begin, numbers)?.f_view(&size[..])?)
        };
        // The same parameter for all who hold it, with its numbers in another place.
        slot.parameter.f_set_data(&part(&parameters)?)?;
        slot.memory = match &memory {
            Some(memory) => Some(Memory {
                mean: part(&memory.mean)?,
                mean_of_squares: part(&memory.mean_of_squares)?,
            }),
            None => None,
        };
        begin += numbers;
    }
    Ok(Group { slots: range, parameters, memory, rule })
}

/// Tensors one behind the other.
pub fn flat<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> Result<Tensor> {
    let rows: Vec<Tensor> =
        tensors.map(|tensor| Ok(tensor.f_reshape([-1])?)).collect::<Result<_>>()?;
    Ok(Tensor::f_cat(&rows, 0)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trainer::Optimizer;
    use crate::trainer::optimizer::Steps;
    use crate::trainer::tests::alone;
    use tch::nn::{Init, VarStore};
    use tch::{Device, Kind, nn};

    /// A model of small parameters, and one that is frozen; the numbers after some steps.
    fn trained(
        optimizer: Optimizer,
        together: bool,
        arranged: bool,
    ) -> (VarStore, Vec<(String, Tensor)>) {
        tch::manual_seed(1);
        let store = VarStore::new(Device::Cpu);
        let first = nn::linear(store.root() / "a", 5, 7, Default::default());
        let second = nn::linear(store.root() / "b", 7, 3, Default::default());
        let scale = store.root().var("scale", &[], Init::Const(1.0));
        let _ = (store.root() / "c").var("frozen", &[4], Init::Const(1.0)).set_requires_grad(false);
        let x = Tensor::randn([11, 5], (Kind::Float, Device::Cpu));
        let y = Tensor::randint(3, [11], (Kind::Int64, Device::Cpu));
        let mut steps = Steps::laid_out(optimizer, 0.1, &store, together).unwrap();
        if arranged {
            let rule = |name: &str| if name.starts_with('a') { (0.5, 2) } else { (1.0, 0) };
            steps.arrange(rule).unwrap();
        }
        for _ in 0..5 {
            let waiting = steps.waiting();
            let logits = x.apply(&first).tanh().apply(&second) * &scale;
            let gradients = steps.gradients(&logits.cross_entropy_for_logits(&y)).unwrap();
            drop(waiting);
            steps.step(1e-2, &gradients).unwrap();
        }
        let mut state = steps.state();
        state.extend(store.variables().into_iter().map(|(name, value)| (name, value.detach())));
        state.sort_by(|a, b| a.0.cmp(&b.0));
        (store, state)
    }

    #[test]
    fn together_is_what_one_by_one_is() {
        let _alone = alone();
        let optimizers = [Optimizer::Sgd, Optimizer::Adam, Optimizer::AdamW];
        for (optimizer, arranged) in optimizers.into_iter().flat_map(|o| [(o, false), (o, true)]) {
            let ((_one, apart), (store, together)) =
                (trained(optimizer, false, arranged), trained(optimizer, true, arranged));
            assert_eq!(apart.len(), together.len());
            for ((name, one), (other_name, other)) in apart.iter().zip(&together) {
                assert_eq!((name, one.size()), (other_name, other.size()));
                assert!((one - other).abs().max().double_value(&[]) < 1e-7, "{name}");
            }
            // Each is a leaf that asks for gradients as before, and no two share their numbers.
            for (name, parameter) in store.variables() {
                assert_eq!(parameter.requires_grad(), name != "c.frozen");
                assert!(parameter.is_leaf());
                let _ = tch::no_grad(|| parameter.shallow_clone().fill_(0.0));
            }
            let sum = |tensor: &Tensor| tensor.abs().sum(Kind::Double).double_value(&[]);
            let means = together.iter().filter(|(name, _)| name.starts_with("mean"));
            assert!(means.map(|(_, mean)| sum(mean)).all(|sum| sum > 0.0));
        }
    }
}
