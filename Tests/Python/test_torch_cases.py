"""PyTorch's own cases of its optimizers, for rules."""

import inspect
import unittest

from torch_rules import every, gradients, named, network, torch, with_torch

def torchs_cases(test):
    """PyTorch's own database of cases, which asks for packages that PyTorch does not install."""
    try:
        from torch.testing._internal import common_optimizers
    except ImportError as why:
        test.skipTest(str(why))
    return common_optimizers


@with_torch
class Cases(unittest.TestCase):
    @every()
    def test_torchs_own_cases_of_errors(self, rule, made):
        get_error_inputs_for_all_optims = torchs_cases(self).get_error_inputs_for_all_optims
        if rule == "SubsetNormAdamW":
            # Its parameters are multiples of four, and PyTorch's has one number.
            return
        for one in get_error_inputs_for_all_optims("cpu", torch.float32):
            params, values = one.optimizer_error_input.params, one.optimizer_error_input.kwargs
            with self.subTest(case=one.optimizer_error_input.desc):
                if issubclass(one.error_type, Warning):
                    with self.assertWarnsRegex(one.error_type, one.error_regex):
                        try:
                            made(params, **values)
                        except TypeError:
                            pass
                else:
                    with self.assertRaisesRegex(one.error_type, one.error_regex):
                        made(params, **values)

    @every()
    def test_torchs_own_cases_of_numbers(self, rule, made):
        optim_db = torchs_cases(self).optim_db
        known = set(inspect.signature(made).parameters)
        tried = []
        for info in optim_db:
            for one in info.optim_inputs_func(device="cpu", dtype=torch.float32):
                if set(one.kwargs) <= known and one.kwargs not in tried:
                    tried.append(one.kwargs)
        self.assertGreater(len(tried), 1)
        for values in tried:
            for is_tensor in (False, True):
                if is_tensor:
                    values = {**values, "lr": torch.tensor(float(values.get("lr", 0.01)))}
                with self.subTest(values=values):
                    model = network(rule=rule)
                    optimizer = made(named(model), **values)
                    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
                    for k in range(3):
                        gradients(model, k)
                        optimizer.step()
                        scheduler.step()
                    self.assertTrue(all(torch.isfinite(p).all() for p in model.parameters()))


if __name__ == "__main__":
    unittest.main()
