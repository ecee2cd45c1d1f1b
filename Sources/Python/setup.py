"""The library inside is of one system and no Python in particular: one wheel for all of them."""

import sysconfig

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel


class OneWheel(bdist_wheel):
    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        machine = sysconfig.get_platform().split("-", 1)[1].replace("-", "_")
        return "py3", "none", "manylinux_2_34_" + machine


setup(cmdclass={"bdist_wheel": OneWheel})
