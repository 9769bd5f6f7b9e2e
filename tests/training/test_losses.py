import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gaitbench.training.losses import (
    batch_all_triplet,
    distillation_triplet,
    flat_triplet,
    occlusion_loss,
    part_cross_entropy,
    part_distances,
    triplet_terms,
)
from tests.places import SHARED

GOLDEN = SHARED / "golden"
needs_golden = pytest.mark.skipif(
    not (GOLDEN / "losses_opengait.npz").is_file(),
    reason="the reference outputs (shared/golden/losses_*.npz) are not beside this repository",
)


def random_batch(
    ids: int = 3, per_id: int = 4, c: int = 5, p: int = 3, *, seed: int = 0
) -> tuple[Tensor, Tensor]:
    embeddings = torch.randn(
        ids * per_id, c, p, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    return embeddings.requires_grad_(), torch.arange(ids).repeat_interleave(per_id)


def slow_mean(terms: list[Tensor], weights: list[Tensor]) -> Tensor:
    active = [(term, w) for term, w in zip(terms, weights, strict=True) if term > 0 and w > 0]
    if not active:
        return torch.zeros((), dtype=torch.float64)
    total = torch.stack([w * term for term, w in active]).sum()
    return total / torch.stack([w for _, w in active]).sum()


def slow_triplet(
    embeddings: Tensor,
    identities: Tensor,
    margin: float,
    *,
    self_positive: bool = False,
    teacher: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """Visit all triplets of every part."""
    n, _, parts = embeddings.shape
    taught = [False] * n if teacher is None else teacher.tolist()
    weigh = torch.ones(n, parts) if weights is None else weights

    def distance(i: int, j: int, part: int) -> Tensor:
        difference = embeddings[i, :, part] - embeddings[j, :, part]
        return difference.norm() if i != j else torch.zeros((), dtype=torch.float64)

    means = []
    for part in range(parts):
        terms, weighs = [], []
        for a in range(n):
            for b in range(n):
                if identities[a] != identities[b] or (a == b and not self_positive):
                    continue
                if taught[a] and taught[b]:
                    continue
                for c in range(n):
                    if identities[c] != identities[a]:
                        terms.append(distance(a, b, part) - distance(a, c, part) + margin)
                        weighs.append(weigh[[a, b, c], part].prod())
        means.append(slow_mean(terms, weighs))
    return torch.stack(means).mean()


def flat(embeddings: Tensor) -> Tensor:
    return F.normalize(embeddings.flatten(1), dim=1)[:, :, None]


def value_and_grad(loss: Tensor, leaf: Tensor) -> tuple[Tensor, Tensor]:
    (grad,) = torch.autograd.grad(loss, leaf)
    return loss.detach(), grad


def assert_same(found: Tensor, expected: Tensor, leaf: Tensor) -> None:
    for a, b in zip(value_and_grad(found, leaf), value_and_grad(expected, leaf), strict=True):
        torch.testing.assert_close(a, b)


def random_weights(n: int, p: int) -> Tensor:
    """Return weights in [0, 1], with some zeros, and all zero in the last part."""
    weights = torch.rand(n, p, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    weights[:3] = 0
    weights[:, -1] = 0
    return weights


@pytest.mark.parametrize("margin", [0.05, 3.0])
def test_weighted_triplet_equals_the_loop(margin):
    embeddings, identities = random_batch()
    weights = random_weights(len(embeddings), 3)

    found = batch_all_triplet(embeddings, identities, margin, weights=weights)

    expected = slow_triplet(embeddings, identities, margin, weights=weights)
    assert_same(found, expected, embeddings)


def test_clips_that_do_not_show_a_part_do_not_teach_it():
    embeddings, identities = random_batch()
    weights = random_weights(len(embeddings), 3)
    logits = embeddings.clone()
    loss = batch_all_triplet(embeddings, identities, 0.2, weights=weights)
    loss = loss + part_cross_entropy(logits, identities, weights=weights)
    (grad,) = torch.autograd.grad(loss, embeddings)
    taught = grad.abs().amax(1) > 0
    assert torch.equal(taught, weights > 0)


def test_weighted_cross_entropy_is_the_weighted_mean_of_each_part():
    logits, identities = random_batch()
    weights = random_weights(len(logits), 3)
    terms = torch.stack(
        [F.cross_entropy(16 * logits[:, :, k], identities, reduction="none") for k in range(3)], 1
    )
    means = [(terms[:, k] * weights[:, k]).sum() / weights[:, k].sum() for k in range(2)]
    found = part_cross_entropy(logits, identities, weights=weights)
    torch.testing.assert_close(found, sum(means) / 3)
    plain = part_cross_entropy(logits, identities)
    ones = torch.ones(len(logits), 3, dtype=torch.float64)
    torch.testing.assert_close(part_cross_entropy(logits, identities, weights=ones), plain)


@pytest.mark.parametrize("self_positive", [False, True])
@pytest.mark.parametrize("margin", [0.05, 0.2, 3.0])
def test_triplet_equals_the_loop(self_positive, margin):
    embeddings, identities = random_batch()

    found = batch_all_triplet(embeddings, identities, margin, self_positive=self_positive)

    expected = slow_triplet(embeddings, identities, margin, self_positive=self_positive)
    assert_same(found, expected, embeddings)


def test_triplet_of_unequal_groups():
    """The released code needs equally many clips of each identity."""
    embeddings, _ = random_batch(ids=1, per_id=9)
    identities = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 3])

    found = batch_all_triplet(embeddings, identities, 0.2)

    assert_same(found, slow_triplet(embeddings, identities, 0.2), embeddings)


@pytest.mark.parametrize("teacher_pairs", [False, True])
def test_distillation_equals_the_loop(teacher_pairs):
    student, identities = random_batch()
    teacher, _ = random_batch(seed=1)
    is_teacher = torch.arange(24) >= 12

    found = distillation_triplet(student, teacher, identities, 0.05, teacher_pairs=teacher_pairs)

    expected = slow_triplet(
        flat(torch.cat([student, teacher])),
        identities.repeat(2),
        0.05,
        teacher=None if teacher_pairs else is_teacher,
    )
    assert_same(found, expected, student)


def test_distillation_without_teacher_pairs_is_another_average():
    student, identities = random_batch()
    teacher, _ = random_batch(seed=1)

    losses = [
        distillation_triplet(student, teacher, identities, 0.2, teacher_pairs=pairs)
        for pairs in (False, True)
    ]
    assert losses[0] != losses[1]


def test_flat_triplet_ignores_the_length_of_embeddings():
    embeddings, identities = random_batch()
    lengths = torch.linspace(0.1, 9, 12, dtype=torch.float64)[:, None, None]

    torch.testing.assert_close(
        flat_triplet(embeddings * lengths, identities, 0.2),
        flat_triplet(embeddings, identities, 0.2),
    )


def test_nothing_to_compare_gives_zero_with_a_gradient():
    embeddings, _ = random_batch()
    for identities in (torch.zeros(12, dtype=torch.int64), torch.arange(12)):
        for loss in (batch_all_triplet, flat_triplet):
            value, grad = value_and_grad(loss(embeddings, identities, 0.2), embeddings)
            assert value == 0
            assert (grad == 0).all()


def test_separated_identities_give_zero():
    embeddings, identities = random_batch()
    apart = embeddings + 1000 * identities[:, None, None]

    value, grad = value_and_grad(batch_all_triplet(apart, identities, 0.2), embeddings)

    assert value == 0
    assert (grad == 0).all()


@pytest.mark.parametrize("per_id", [4, 16])
@pytest.mark.parametrize("self_positive", [False, True])
def test_equal_embeddings_give_the_margin_and_a_finite_gradient(per_id, self_positive):
    """A collapsed network: small batches and large ones take different routes to the distance."""
    _, identities = random_batch(per_id=per_id)
    row = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(2))
    embeddings = row.repeat(len(identities), 1, 1).requires_grad_()

    loss = batch_all_triplet(embeddings, identities, 0.2, self_positive=self_positive)
    value, grad = value_and_grad(loss, embeddings)

    torch.testing.assert_close(value, torch.tensor(0.2), rtol=0, atol=1e-5)
    assert grad.isfinite().all()
    value, grad = value_and_grad(flat_triplet(embeddings, identities, 0.2), embeddings)
    torch.testing.assert_close(value, torch.tensor(0.2), rtol=0, atol=1e-3)
    assert grad.isfinite().all()


@pytest.mark.parametrize("per_id", [3, 12])
def test_some_equal_embeddings(per_id):
    embeddings, identities = random_batch(per_id=per_id)
    copies = embeddings.detach().clone()
    copies[1] = copies[0]
    copies[-1] = copies[0]
    copies = copies.float().requires_grad_()

    loss = batch_all_triplet(copies, identities, 0.2)
    value, grad = value_and_grad(loss, copies)

    torch.testing.assert_close(
        value.double(), slow_triplet(copies.detach().double(), identities, 0.2), rtol=1e-5, atol=0
    )
    assert grad.isfinite().all()
    assert grad.abs().max() < 1


def test_distances_far_from_the_origin():
    """Without centring, float32 loses these digits in batches of more than 25."""
    embeddings, _ = random_batch(per_id=16)
    shifted = (embeddings.detach() + 1000).float()

    exact = part_distances(shifted.double())

    torch.testing.assert_close(part_distances(shifted).double(), exact, rtol=1e-5, atol=1e-4)
    assert (part_distances(shifted).diagonal(dim1=1, dim2=2) == 0).all()


def test_not_finite_embeddings_give_a_loss_that_is_not_finite():
    embeddings, identities = random_batch()
    broken = embeddings.detach().clone()
    broken[3] = math.nan

    assert batch_all_triplet(broken, identities, 0.2).isnan()
    assert flat_triplet(broken, identities, 0.2).isnan()


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), margin=st.sampled_from([0.0, 0.05, 0.2, 1.0]))
def test_triplet_is_unchanged_by_order_and_shift(seed, margin):
    embeddings, identities = random_batch(seed=seed)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(seed))
    loss = batch_all_triplet(embeddings, identities, margin)

    shuffled = batch_all_triplet(embeddings[order], identities[order], margin)
    shifted = batch_all_triplet(embeddings + 7, identities, margin)

    torch.testing.assert_close(shuffled, loss)
    torch.testing.assert_close(shifted, loss)
    assert loss >= 0


def test_gradients_against_finite_differences():
    embeddings, identities = random_batch(per_id=2)
    other, _ = random_batch(per_id=2, seed=1)
    logits, _ = random_batch(per_id=2, c=4, seed=2)
    amount = torch.rand(6, dtype=torch.float64, requires_grad=True)
    types, target = torch.arange(6) % 4, torch.full((6,), 0.3, dtype=torch.float64)

    assert torch.autograd.gradcheck(lambda e: batch_all_triplet(e, identities, 0.2), embeddings)
    assert torch.autograd.gradcheck(
        lambda e: batch_all_triplet(e, identities, 0.2, self_positive=True), embeddings
    )
    assert torch.autograd.gradcheck(
        lambda e: distillation_triplet(e, other.detach(), identities, 0.2), embeddings
    )
    assert torch.autograd.gradcheck(
        lambda x: part_cross_entropy(x, identities, label_smoothing=0.1), logits
    )
    assert torch.autograd.gradcheck(
        lambda x, a: occlusion_loss(x, types, a, target), (logits[:, :, 0], amount)
    )


@pytest.mark.parametrize("per_id", [4, 16])
def test_autocast_and_half_precision_inputs(per_id):
    """Under autocast everything is as exact as without; only the inputs' own rounding remains."""
    embeddings, identities = random_batch(per_id=per_id)
    half = embeddings.detach().bfloat16()
    types, amount = identities % 5, half[:, 0, 0].sigmoid()

    def losses() -> list[Tensor]:
        return [
            batch_all_triplet(half, identities, 0.2),
            distillation_triplet(half, half.flip(1), identities, 0.2),
            part_cross_entropy(half, identities, label_smoothing=0.1),
            *occlusion_loss(half[:, :, 0], types, amount, amount / 2),
        ]

    plain = losses()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = losses()

    for a, b in zip(plain, mixed, strict=True):
        assert a.dtype == b.dtype == torch.float32
        assert a == b
    exact = slow_triplet(half.double(), identities, 0.2) if per_id == 4 else plain[0].double()
    torch.testing.assert_close(plain[0].double(), exact, rtol=1e-5, atol=0)


def test_cross_entropy_equals_the_loop():
    logits, identities = random_batch(c=7)
    terms = []
    for i, identity in enumerate(identities):
        for part in range(3):
            log_share = (16 * logits[i, :, part]).log_softmax(0)
            target = torch.full((7,), 0.1 / 7, dtype=torch.float64)
            target[identity] += 0.9
            terms.append(-(target * log_share).sum())

    found = part_cross_entropy(logits, identities, label_smoothing=0.1)

    assert_same(found, torch.stack(terms).mean(), logits)


def test_occlusion_loss_of_a_perfect_detector():
    types, amount = torch.tensor([0, 2, 1]), torch.tensor([0.0, 0.5, 0.2])
    logits = 100 * F.one_hot(types, 3).float()

    kind, error = occlusion_loss(logits, types, amount, amount)
    assert kind == error == 0
    _, error = occlusion_loss(logits, types, amount + 0.1, amount, weight=3)
    torch.testing.assert_close(error, torch.tensor(0.03))


# Reference outputs


class Golden:
    """One file of reference outputs; compares with the tolerance that its README gives."""

    def __init__(self, name: str) -> None:
        with np.load(GOLDEN / f"{name}.npz") as arrays:
            self.arrays = {key: torch.from_numpy(arrays[key]) for key in arrays.files}
        text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
        self.cases = {case["case"]: case for case in json.loads(text)["cases"]}

    def leaf(self, name: str) -> Tensor:
        return self.arrays[name].clone().requires_grad_()

    def check(self, found: Tensor, name: str, *, tolerance: float = 1e-4) -> None:
        expected = self.arrays[name]
        scale = max(1.0, float(expected.abs().max()))
        assert found.shape == expected.shape
        assert (found.detach() - expected).abs().max() <= tolerance * scale, name

    def check_with_grad(self, loss: Tensor, leaf: Tensor, name: str) -> None:
        self.check(loss, f"{name}_loss")
        (grad,) = torch.autograd.grad(loss, leaf)
        self.check(grad, f"{name}_grad")
        # Gradients are small numbers: the README's tolerance alone would accept nearly any.
        largest = float(self.arrays[f"{name}_grad"].abs().max())
        assert (grad - self.arrays[f"{name}_grad"]).abs().max() <= 1e-3 * largest, name


@pytest.fixture(scope="module")
def opengait():
    return Golden("losses_opengait")


@pytest.fixture(scope="module")
def mimicgait():
    return Golden("losses_mimicgait")


def check_part_triplet(golden: Golden, name: str, margin: float) -> None:
    embeddings, labels = golden.leaf(f"{name}_embeddings"), golden.arrays[f"{name}_labels"]
    positive = labels[:, None] == labels
    distances = part_distances(embeddings)
    terms = triplet_terms(distances, positive, ~positive, margin)

    golden.check(terms.loss, f"{name}_loss_avg")
    assert torch.equal(terms.active, golden.arrays[f"{name}_loss_num"])
    golden.check(distances.mean(dim=(1, 2)), f"{name}_mean_dist", tolerance=5e-4)
    farthest = distances.masked_fill(~positive, -torch.inf).amax(dim=2)
    nearest = distances.masked_fill(positive, torch.inf).amin(dim=2)
    hardest = (farthest - nearest + margin).clamp(min=0).amax(dim=1)
    golden.check(hardest, f"{name}_hard_loss")


@needs_golden
@pytest.mark.parametrize("case", ["triplet_a", "triplet_b", "triplet_c", "triplet_d"])
def test_opengait_triplet(opengait, case):
    margin = opengait.cases[case]["margin"]
    check_part_triplet(opengait, case, margin)
    embeddings = opengait.leaf(f"{case}_embeddings")
    labels = opengait.arrays[f"{case}_labels"]

    loss = batch_all_triplet(embeddings, labels, margin, self_positive=True)

    opengait.check_with_grad(loss, embeddings, case)


@needs_golden
@pytest.mark.parametrize("case", ["ce_a", "ce_b", "ce_c", "ce_d"])
def test_opengait_cross_entropy(opengait, case):
    facts = opengait.cases[case]
    logits = opengait.leaf(f"{case}_logits")

    loss = part_cross_entropy(
        logits,
        opengait.arrays[f"{case}_labels"],
        scale=facts["scale"],
        label_smoothing=facts["eps"] if facts["label_smooth"] else 0,
    )

    opengait.check_with_grad(loss, logits, case)


@needs_golden
def test_opengait_total(opengait):
    labels = opengait.arrays["total_labels"]
    triplet = batch_all_triplet(
        opengait.arrays["total_embeddings"], labels, 0.2, self_positive=True
    )
    entropy = part_cross_entropy(opengait.arrays["total_logits"], labels, label_smoothing=0.1)

    opengait.check(triplet, "total_triplet")
    opengait.check(entropy, "total_ce")
    opengait.check(triplet + entropy, "total_loss")


@needs_golden
@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
def test_mimicgait_flat_triplet(mimicgait, case):
    margin = mimicgait.cases[case]["margin"]
    embeddings = mimicgait.leaf(f"flat_{case}_embeddings")
    labels = mimicgait.arrays[f"flat_{case}_labels"]

    mimicgait.check_with_grad(flat_triplet(embeddings, labels, margin), embeddings, f"flat_{case}")
    student, teacher = embeddings.chunk(2)
    by_method = distillation_triplet(
        student, teacher, labels[: len(student)], margin, teacher_pairs=True
    )
    mimicgait.check_with_grad(by_method, embeddings, f"flat_{case}")


@needs_golden
@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
def test_mimicgait_triplet_within_clips(mimicgait, case):
    embeddings = mimicgait.leaf(f"flat_{case}_embeddings")
    clips = torch.arange(len(embeddings) // 2).repeat(2)

    loss = flat_triplet(embeddings, clips, mimicgait.cases[case]["margin"])

    mimicgait.check_with_grad(loss, embeddings, f"intra_{case}")


@needs_golden
def test_mimicgait_part_triplet(mimicgait):
    """The reference adds 1e-9 under the root, which moves its distances by up to 3e-5."""
    check_part_triplet(mimicgait, "part_triplet", 0.2)
    embeddings = mimicgait.leaf("part_triplet_embeddings")
    labels = mimicgait.arrays["part_triplet_labels"]

    loss = batch_all_triplet(embeddings, labels, 0.2, self_positive=True)

    (grad,) = torch.autograd.grad(loss, embeddings)
    mimicgait.check(grad, "part_triplet_grad")


@needs_golden
def test_mimicgait_detector(mimicgait):
    scores, types = mimicgait.arrays["ven_scores"], mimicgait.arrays["ven_types"]
    amounts = mimicgait.arrays["ven_pred_amounts"], mimicgait.arrays["ven_amounts"]

    kind, error = occlusion_loss(scores, types, *amounts, double_softmax=True)

    mimicgait.check(kind, "ven_loss_classif")
    mimicgait.check(error, "ven_loss_reg_x10")
    mimicgait.check(kind + error, "ven_loss_total")
    kind, _ = occlusion_loss(scores, types, *amounts)
    mimicgait.check(kind, "ven_ce_on_raw_scores_not_reference")


@needs_golden
def test_mimicgait_squared_error(mimicgait):
    estimated = mimicgait.arrays["mse_a"].flatten(), mimicgait.arrays["mse_b"].flatten()
    types = torch.zeros(1, dtype=torch.int64)

    _, error = occlusion_loss(torch.zeros(1, 2), types, *estimated, weight=1)

    mimicgait.check(error, "mse_loss")
