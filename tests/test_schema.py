"""The JSON Schema of the language accepts what paramcalc accepts, and refuses what no file may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from paramcalc.language.schema import schema
from paramcalc.layers import MODULES

BUNDLED = sorted((Path(__file__).parent.parent / "architectures").glob("*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(schema())

RIGHT = """
name: Everything
source: a test
input: {image: [3, H, 4*W], rois: {shape: [5], count: R}}
args: [classes: 10, regions, depths: [2, 3]]
include: [vgg16.yaml]
blocks:
  pair:
    args: [out, kernel: 3]
    layers:
      - conv: {out: out, kernel: [kernel, 1], padding: [[1, 0], [0, 1]]}
      - relu
layers:
  - pair: 8
    repeat: 2
  - {pair: {out: 2*channels}, name: wide, frozen: true}
  - add:
      main: [{conv: {out: channels, kernel: 1, padding: same}}]
      shortcut: []
  - concat: {axis: 1, a: [], b: [{from: wide}]}
  - from: wide
  - crop: {size: 4, offset: [1, 2]}
  - {spatial_pyramid_pool: {levels: [4]}, from: wide}
  - {roi_pool: {output: 7, rois: rois, feature_stride: 16}, when: regions > 1}
  - flatten
  - dropout: 0.25
  - linear: classes
heads:
  more: [{from: wide}, softmax]
claims:
  - {at: linear, weights: 35k, output: [10], source: nobody, disputed: it is a test}
"""

WRONG = {
    "an unknown key": "name: x\ninput: [3, 8, 8]\nlayers: [relu]\ncolour: red\n",
    "no name": "input: [3, 8, 8]\nlayers: [relu]\n",
    "no layers": "name: x\ninput: [3, 8, 8]\n",
    "no input": "name: x\nlayers: [relu]\n",
    "layers that are no list": "name: x\ninput: [3, 8, 8]\nlayers: {relu: 1}\n",
    "an input that is no shape": "name: x\ninput: 3\nlayers: [relu]\n",
    "an input of five sizes": "name: x\ninput: [3, 8, 8, 8, 8]\nlayers: [relu]\n",
    "a size of zero": "name: x\ninput: [3, 0, 8]\nlayers: [relu]\n",
    "an unknown field": "name: x\ninput: [3, 8, 8]\nlayers: [{conv: {out: 8, kernal: 3}}]\n",
    "a missing field": "name: x\ninput: [3, 8, 8]\nlayers: [{conv: {out: 8}}]\n",
    "a bare value where more is needed": "name: x\ninput: [3, 8, 8]\nlayers: [{conv: 8}]\n",
    "an argument for a layer without any": "name: x\ninput: [3, 8, 8]\nlayers: [{relu: 3}]\n",
    "a negative padding": "name: x\ninput: [3, 8, 8]\nlayers: [{conv: {out: 8, kernel: 3, padding: -1}}]\n",
    "a kernel of zero": "name: x\ninput: [3, 8, 8]\nlayers: [{max_pool: 0}]\n",
    "a list without a value": "name: x\ninput: [3, 8, 8]\nlayers: [{max_pool: {kernel: []}}]\n",
    "a list with a zero": "name: x\ninput: [3, 8, 8]\nlayers: [{max_pool: {kernel: [2, 0]}}]\n",
    "a padding of three values": "name: x\ninput: [3, 8, 8]\nlayers: [{pad: {padding: [[1, 1, 1], [0, 0, 0]]}}]\n",
    "a field that is no number": "name: x\ninput: [3, 8, 8]\nlayers: [{max_pool: {kernel: {a: 1}}}]\n",
    "a mode that there is not": "name: x\ninput: [3, 8, 8]\nlayers: [{upsample: {scale: 2, mode: cubic}}]\n",
    "a negative repeat": "name: x\ninput: [3, 8, 8]\nlayers: [{relu: , repeat: -1}]\n",
    "a step that is a number": "name: x\ninput: [3, 8, 8]\nlayers: [3]\n",
    "a join without branches": "name: x\ninput: [3, 8, 8]\nlayers: [{add: [relu, relu]}]\n",
    "a join of one branch": "name: x\ninput: [3, 8, 8]\nlayers: [{add: {main: []}}]\n",
    "a branch that is no list": "name: x\ninput: [3, 8, 8]\nlayers: [{add: {main: relu, other: []}}]\n",
    "a block without layers": "name: x\ninput: [3, 8, 8]\nblocks: {b: {args: [a]}}\nlayers: [b]\n",
    "a block with an unknown key": "name: x\ninput: [3, 8, 8]\nblocks: {b: {layer: [relu]}}\nlayers: [b]\n",
    "arguments as a mapping": "name: x\ninput: [3, 8, 8]\nargs: {a: 1}\nlayers: [relu]\n",
    "a head that is no list": "name: x\ninput: [3, 8, 8]\nlayers: [relu]\nheads: {a: relu}\n",
    "a claim about an unknown quantity": "name: x\ninput: [3, 8, 8]\nlayers: [relu]\nclaims: [{beauty: 3}]\n",
    "include that is no list": "name: x\ninput: [3, 8, 8]\ninclude: a.yaml\nlayers: [relu]\n",
    "a base with layers": "name: x\nbase: a.yaml\nlayers: [relu]\n",
    "a name with a space": "name: x\ninput: [3, 8, 8]\nlayers: [{relu: , name: my relu}]\n",
    "a list at the top": "[1, 2]\n",
}


def errors(text: str) -> list[Any]:
    return list(VALIDATOR.iter_errors(yaml.safe_load(text)))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert set(MODULES) <= set(schema()["$defs"])


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_every_bundled_file_validates(path: Path) -> None:
    assert not errors(path.read_text(encoding="utf-8"))


def test_every_construct_of_the_language_validates() -> None:
    assert not errors(RIGHT)


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_does_not(kind: str) -> None:
    assert errors(WRONG[kind])


@pytest.mark.parametrize("layer", sorted(MODULES))
def test_every_layer_refuses_an_unknown_field(layer: str) -> None:
    text = f"name: x\ninput: [3, 8, 8]\nlayers: [{{{layer}: {{no_such_field: 1}}}}]\n"
    assert errors(text)
