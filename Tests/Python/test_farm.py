"""The farm, with an evaluator that is a few lines of Python, and with the executable where it is named."""

import importlib.util
import os
import stat
import sys
import tempfile
import time
import unittest
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ravine.farm import Farm, _Evaluator

EVALUATOR = """#!%s
import json, os, sys, time
for line in sys.stdin:
    candidate = json.loads(line)
    source = candidate["source"]
    with open(%r, "a") as seen:
        seen.write(source + "\\n")
    if source.startswith("ends its worker") and not os.path.exists(%r):
        open(%r, "w").close()
        os.kill(os.getppid(), 9)
        os.kill(os.getpid(), 9)
    if source.startswith("works "):
        time.sleep(float(source.split()[1]))
    if source == "dies":
        os.kill(os.getpid(), 9)
    if source.startswith("dies once") and not os.path.exists(%r):
        open(%r, "w").close()
        os.kill(os.getpid(), 9)
    print(json.dumps({"score": float(len(source)), "digest": "d:" + source}), flush=True)
"""


def processor_seconds():
    """What this process and all that it has started have worked."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            found[int(entry.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    own = {os.getpid()}
    while True:
        more = {pid for pid, (parent, _) in found.items() if parent in own} - own
        if not more:
            return sum(found[pid][1] for pid in own) / os.sysconf("SC_CLK_TCK")
        own |= more


class Farms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.seen = Path(folder.name) / "seen"
        mark = str(Path(folder.name) / "mark")
        path = Path(folder.name) / "evaluator"
        path.write_text(EVALUATOR % (sys.executable, str(self.seen), *[mark] * 4))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        before = os.environ.get("RAVINE_PROGRAM")
        os.environ["RAVINE_PROGRAM"] = str(path)

        def restore():
            if before is None:
                del os.environ["RAVINE_PROGRAM"]
            else:
                os.environ["RAVINE_PROGRAM"] = before

        self.addCleanup(restore)

    def test_answers_come_in_order_and_once_for_each_candidate(self):
        with Farm("bowl", workers=2) as farm:
            sources = ["r" * (k % 7 + 1) for k in range(40)]
            self.assertEqual([a["score"] for a in farm.score(sources)], [len(s) for s in sources])
            # What is known is not sent again.
            again = list(farm.score([{"source": "rrr", "id": 5}]))
            self.assertEqual((again[0]["score"], again[0]["id"]), (3, 5))
        self.assertEqual(sorted(self.seen.read_text().split()), ["r" * k for k in range(1, 8)])

    def test_a_candidate_that_ends_its_evaluator_loses_itself_alone(self):
        with Farm("bowl", workers=2) as farm:
            answers = list(farm.score(["a", "dies", "bb", "dies once", "ccc"]))
        self.assertEqual([a.get("score") for a in answers], [1, None, 2, 9, 3])
        self.assertIn("status", answers[1]["error"]["message"])

    def test_farms_do_not_end_one_another(self):
        with Farm("bowl", workers=1) as first:
            answers = first.score(["a", "bb"] + ["c" * k for k in range(3, 20)])
            self.assertEqual(next(answers)["score"], 1)
            with Farm("bowl", workers=1) as second:
                self.assertEqual([a["score"] for a in second.score(["xx"])], [2])
            self.assertEqual(len(list(answers)), 18)

    def test_ids_and_answers_are_of_the_one_who_asks(self):
        with Farm("bowl", workers=1) as farm:
            asked = [{"source": "a", "id": "first"}, "a", {"source": "a", "id": 2}]
            answers = list(farm.score(asked))
            self.assertEqual([a.get("id") for a in answers], ["first", None, 2])
            answers[0]["score"] = "changed"
            self.assertEqual(list(farm.score(["a"]))[0], {"score": 1, "digest": "d:a"})

    def test_what_does_not_start_is_said(self):
        os.environ["RAVINE_PROGRAM"] = "/bin/false"
        with Farm("bowl", workers=1) as farm, self.assertRaises(ValueError):
            list(farm.score(["a"]))

    def test_an_evaluator_that_ends_before_it_reads_is_put_away(self):
        evaluator = _Evaluator(["/bin/false"])
        process = evaluator._start()
        process.stdin.write("never read\n")
        process.wait()
        evaluator.stop()
        self.assertIsNone(evaluator.process)
        self.assertTrue(process.stdout.closed)

    def test_any_executor_will_do(self):
        with ProcessPoolExecutor(2) as pool:
            farm = Farm("bowl", executor=pool, workers=2)
            self.assertEqual([a["score"] for a in farm.score(["a", "bb", "ccc"])], [1, 2, 3])


def has_ray():
    """Whether it is installed: a folder of the name, such as Ray's own below /tmp, is no package."""
    found = importlib.util.find_spec("ray")
    return found is not None and found.origin is not None


@unittest.skipUnless(has_ray(), "Ray is not here")
class RayFarm(unittest.TestCase):
    """On a cluster of this machine, with the evaluator that is a few lines of Python."""

    setUp = Farms.setUp

    @classmethod
    def setUpClass(cls):
        import ray

        ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)

    @classmethod
    def tearDownClass(cls):
        import ray

        ray.shutdown()

    def farm(self, workers, **options):
        from ravine.ray import farm

        return farm("bowl", workers, **options)

    def test_answers_come_in_order(self):
        with self.farm(2) as farm:
            self.assertEqual([a["score"] for a in farm.score(["a", "bb", "a", "ccc"])], [1, 2, 1, 3])

    def test_a_worker_that_is_killed_loses_its_message_alone(self):
        sources = ["r" * k for k in range(1, 12)] + ["ends its worker"] + ["s" * k for k in range(1, 12)]
        with self.farm(2) as farm:
            self.assertEqual([a["score"] for a in farm.score(sources)], [len(one) for one in sources])
            self.assertGreaterEqual(farm.lost, 1)
        # What was sent again is what that worker had, and nothing of the other's.
        self.assertLessEqual(len(self.seen.read_text().splitlines()), len(sources) + 16)

    @unittest.skipUnless(Path("/proc/self/stat").exists(), "there is no /proc here")
    def test_two_workers_take_half_of_the_time_and_ray_little(self):
        # Evaluators that wait and do not compute: what is measured is the farm, and not what else the machine does.
        seconds, work = {}, {}
        for workers in (1, 2):
            with self.farm(workers) as farm:
                list(farm.score(["works 1 first %d" % k for k in range(workers)]))
                start, before = time.perf_counter(), processor_seconds()
                list(farm.score(["works 1 %d" % k for k in range(8)]))
                seconds[workers] = time.perf_counter() - start
                work[workers] = (processor_seconds() - before) / 8
        print(
            "Ray: 8 messages of a second take %.2f s by one worker, %.2f s by two; work beside them %.1f, %.1f ms each"
            % (seconds[1], seconds[2], 1e3 * work[1], 1e3 * work[2]))
        self.assertGreater(seconds[1] / seconds[2], 1.9)
        self.assertLess(work[2], 0.05)


@unittest.skipUnless(os.environ.get("RAVINE_PROGRAM"), "RAVINE_PROGRAM names no executable")
class RealFarm(unittest.TestCase):
    def test_two_workers_give_the_same_scores(self):
        sources = [
            "rule R(lr = %g) { w' = w - lr * %s }" % (rate, update)
            for rate in (0.01, 0.1) for update in ("g", "sign(g)", "g / (abs(g) + 1)")
        ] + ["rule R(lr = 1) { w' = w - lr * gg }"]
        scores = []
        for workers in (1, 2):
            with Farm("bowl_easy", workers=workers, seeds=1) as farm:
                scores.append([answer.get("score") for answer in farm.score(sources)])
        self.assertEqual(scores[0], scores[1])
        self.assertTrue(all(isinstance(score, (float, int)) for score in scores[0][:6]))
        self.assertIsNone(scores[0][6])


if __name__ == "__main__":
    unittest.main()
