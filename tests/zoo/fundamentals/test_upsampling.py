import keras
import numpy as np
import pytest

from zoo.fundamentals.upsampling import checkerboards, convolve_transposed, pixel_shuffle


class TestConvolveTransposed:
    @pytest.mark.parametrize("stride", [1, 2, 3])
    @pytest.mark.parametrize("kernel", [(3, 3), (4, 5)])
    def test_equals_keras(self, kernel, stride):
        rng = np.random.default_rng(0)
        maps = rng.normal(size=(5, 6, 3)).astype("float32")
        kernels = rng.normal(size=(*kernel, 3, 2)).astype("float32")
        swapped = kernels.swapaxes(2, 3)
        expected = keras.ops.conv_transpose(maps[None], swapped, stride, "valid")
        np.testing.assert_allclose(
            convolve_transposed(maps, kernels, stride),
            keras.ops.convert_to_numpy(expected)[0],
            atol=1e-5,
        )

    @pytest.mark.once
    @pytest.mark.parametrize(
        "maps, kernels, stride",
        [((4, 4, 3), (3, 3, 2, 5), 2), ((4, 4, 3), (3, 3, 3), 2), ((4, 4), (3, 3), 2)],
    )
    def test_what_does_not_fit_is_named(self, maps, kernels, stride):
        with pytest.raises(ValueError, match="maps .* and kernels .* do not fit together"):
            convolve_transposed(np.ones(maps), np.ones(kernels), stride)

    @pytest.mark.once
    @pytest.mark.parametrize("stride", [0, 1.5, None])
    def test_a_stride_that_is_no_whole_number_is_named(self, stride):
        with pytest.raises(ValueError, match=f"stride={stride} must be a whole number, 1 or more"):
            convolve_transposed(np.ones((4, 4, 3)), np.ones((3, 3, 3, 5)), stride)


@pytest.mark.once
class TestPixelShuffle:
    @pytest.mark.parametrize("block", [2, 3])
    def test_equals_torch(self, block):
        torch = pytest.importorskip("torch")
        maps = np.random.default_rng(0).normal(size=(4, 5, 2 * block**2))
        expected = torch.nn.PixelShuffle(block)(torch.tensor(maps).permute(2, 0, 1))
        assert (pixel_shuffle(maps, block) == expected.permute(1, 2, 0).numpy()).all()

    @pytest.mark.parametrize("shape", [(4, 4, 6), (4, 4)])
    def test_channels_that_make_no_blocks_are_named(self, shape):
        with pytest.raises(ValueError, match=r"maps \(4, 4.*multiple of 2 x 2"):
            pixel_shuffle(np.ones(shape))

    @pytest.mark.parametrize("block", [0, 2.0, "2"])
    def test_a_block_that_is_no_whole_number_is_named(self, block):
        with pytest.raises(ValueError, match=f"block={block!r} must be a whole number, 1 or more"):
            pixel_shuffle(np.ones((4, 4, 8)), block)


@pytest.mark.once
class TestCheckerboards:
    WEIGHTS = {  # that meet in a pixel, worked out by hand
        "transposed 3x3": np.kron(np.ones((3, 3)), [[4, 2], [2, 1]]),
        "transposed 4x4": np.full((6, 6), 4),
        "pixel shuffle": np.full((6, 6), 9),
        "pixel shuffle, equal": np.full((6, 6), 9),
        "nearest, then 3x3": np.full((6, 6), 9),
    }

    @pytest.mark.parametrize("way", WEIGHTS)
    def test_the_variance_is_the_number_of_weights(self, way):
        found = checkerboards(draws=4000)[way].var(axis=-1)
        np.testing.assert_allclose(found, self.WEIGHTS[way], rtol=0.12)  # five deviations

    def test_equal_kernels_make_no_pattern_and_others_do(self):
        flat = {way: np.ptp(maps, axis=(0, 1)).max() for way, maps in checkerboards(50).items()}
        assert [way for way, range in flat.items() if range < 1e-9] == [
            "pixel shuffle, equal",
            "nearest, then 3x3",
        ]
