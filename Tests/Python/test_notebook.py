"""What a session of Jupyter is sent: a rule as LaTeX, plots as SVG, nothing of a script as markup."""

import importlib.util
import tempfile
import unittest
import xml.dom.minidom

import ravine

# The name of the second picture and the rate of the rule hold what would be markup.
SCRIPT = """
objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
minimize bowl with SGD(lr = if t < 5 then 0.1 else 0.2), Adam(lr = 0.1) for 10 steps
plot loss to "first.svg"
plot loss to "<b>&'.svg"
"""


class Shown(unittest.TestCase):
    def test_every_plot_of_a_run_is_a_picture_that_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            done = ravine.run(SCRIPT, folder)
            other = ravine.run(SCRIPT.replace("bowl", "cup"), folder)
        self.assertEqual([plot.path.name for plot in done.plots], ["first.svg", "<b>&'.svg"])
        for plot in done.plots:
            title = xml.dom.minidom.parseString(plot._repr_svg_()).getElementsByTagName("title")[0]
            self.assertEqual(title.firstChild.data, "bowl")
        self.assertIn(">cup</title>", other.plots[0]._repr_svg_())
        shown = done._repr_html_()
        self.assertEqual(shown.count("<svg"), 2)
        self.assertIn("if t &lt; 5", shown)
        self.assertNotIn("if t < 5", shown)

    def test_a_comparison_shows_its_verdict_and_what_it_rests_on(self):
        same = ravine.compare("Lion(β1 = b, β2 = b)", "Signum(μ = b)")._repr_html_()
        self.assertTrue(same.startswith("<b>proved equal</b>"))
        self.assertIn("<code>lr in [0, inf)</code>", same)
        other = ravine.compare("SGD", "Adam")._repr_html_()
        self.assertIn("<b>different</b>", other)
        self.assertIn("<summary>where they differ</summary>", other)
        hostile = ravine.Comparison(headline="<i>", method="a & b", assumptions=["x < 1"], changes=[], defaults=[])
        self.assertEqual(
            hostile._repr_html_(), "<b>&lt;i&gt;</b><br>by <code>a &amp; b</code><br>where <code>x &lt; 1</code>")


@unittest.skipUnless(
    all(importlib.util.find_spec(one) for one in ("nbclient", "nbformat", "ipykernel")), "Jupyter is not here")
class Notebook(unittest.TestCase):
    def test_a_session_is_sent_latex_and_svg(self):
        import nbformat
        from nbclient import NotebookClient

        cells = [
            "import ravine\nravine.Rule('AdamW')", "ravine.compare('SGD', 'Adam')",
            f"done = ravine.run({SCRIPT!r})\ndone", "done.plots[1]",
            "ravine.Rule('rule Bad(lr = 0.1) { w\\' = w - lr * gg }')",
        ]
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
        with tempfile.TemporaryDirectory() as folder:
            here = {"metadata": {"path": folder}}
            NotebookClient(book, timeout=300, allow_errors=True, resources=here).execute()
        outputs = [[one for one in cell.outputs if one.output_type != "stream"][0] for cell in book.cells]
        self.assertEqual(
            [sorted(one.get("data", {})) for one in outputs],
            [["text/latex", "text/plain"], ["text/html", "text/plain"], ["text/html", "text/plain"],
             ["image/svg+xml", "text/plain"], []])
        self.assertIn(r"\begin{aligned}", outputs[0].data["text/latex"])
        self.assertEqual(outputs[2].data["text/html"].count("<svg"), 2)
        self.assertEqual(outputs[4].ename, "ProgramError")
        self.assertIn("^^", outputs[4].evalue)


if __name__ == "__main__":
    unittest.main()
