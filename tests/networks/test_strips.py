"""Discriminants of strips: what they rest on, and that they tell people apart."""

import torch

from gaitbench.networks.strips import StripDiscriminants


def people(n=12, clips=6, *, seed=0, noise=0.1):
    """Return images [n · clips, 16, 5] of people who differ everywhere, and who they are."""
    rng = torch.Generator().manual_seed(seed)
    own = torch.rand(n, 1, 16, 5, generator=rng)
    images = own + noise * torch.randn(n, clips, 16, 5, generator=rng)
    return images.flatten(0, 1), torch.arange(n).repeat_interleave(clips)


def fitted(images, rows, identities, neighbours=1):
    model = StripDiscriminants(16, 5, 8, neighbours, 7)
    model.fit(images, rows, identities, components=10, shrinkage=0.1)
    return model


def test_a_strip_rests_on_itself_and_its_neighbours():
    images, identities = people()
    model = fitted(images, torch.ones(len(images), 16), identities)
    before = model(images[:1])
    assert before.shape == (1, 7, 8)
    for strip in range(8):
        changed = images[:1].clone()
        changed[:, 2 * strip : 2 * strip + 2] += 1
        moved = (model(changed) - before).abs().amax((0, 1)) > 1e-6
        assert moved.tolist() == [abs(k - strip) <= 1 for k in range(8)]


def test_a_strip_is_as_visible_as_the_least_visible_of_its_neighbours():
    model = StripDiscriminants(16, 5, 8, 1, 7)
    rows = torch.tensor([[1.0] * 7 + [0.0] * 9, [0.0] * 5 + [1.0] * 11])
    assert model.visibility(rows).tolist() == [
        [1, 1, 0.5, 0, 0, 0, 0, 0],
        [0, 0, 0, 0.5, 1, 1, 1, 1],
    ]
    alone = StripDiscriminants(16, 5, 8, 0, 7)
    assert alone.visibility(rows)[0].tolist() == [1, 1, 1, 0.5, 0, 0, 0, 0]


def test_every_strip_tells_new_clips_of_people_apart():
    images, identities = people(clips=12)
    first = torch.arange(len(images)) % 12 < 6
    model = fitted(images[first], torch.ones(int(first.sum()), 16), identities[first])
    gallery, probes = model(images[first]), model(images[~first])
    for strip in range(8):
        distances = torch.cdist(probes[:, :, strip], gallery[:, :, strip])
        nearest = identities[first][distances.argmin(1)]
        assert (nearest == identities[~first]).float().mean() > 0.9
        # The unit of each strip is the distance of two people.
        assert 0.5 < distances.median() < 2


def test_clips_that_hide_a_strip_do_not_change_it():
    images, identities = people()
    rows = torch.ones(2 * len(images), 16)
    rows[len(images) :, 8:] = 0
    hidden = torch.cat([images, 100 * torch.ones_like(images)])
    model = fitted(images, rows[: len(images)], identities)
    more = fitted(hidden, rows, torch.cat([identities, identities]))
    shown = model.visibility(rows[-1:])[0] >= 0.5
    assert shown.tolist() == [True] * 3 + [False] * 5
    torch.testing.assert_close(more(images)[:, :, ~shown], model(images)[:, :, ~shown])
    assert not torch.allclose(more(images)[:, :, 0], model(images)[:, :, 0])


def test_a_strip_that_nobody_shows_twice_is_zero():
    images, identities = people()
    rows = torch.ones(len(images), 16)
    rows[:, 10:] = 0
    found = fitted(images, rows, identities)(images)
    assert (found[:, :, 5:] == 0).all()
    assert found[:, :, 0].abs().max() > 0
