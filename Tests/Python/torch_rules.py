"""What the tests of `ravine.torch` share: rules by kind, a network and its gradients."""

import unittest

try:
    import torch
except ImportError:
    torch = None

if torch is not None:
    import ravine.torch

#: Of a class of tests.
with_torch = unittest.skipUnless(torch, "PyTorch is not here")

#: Twenty rules of each kind, or all that need nothing but gradients.
ELEMENTWISE = [
    "SGD", "HeavyBall", "EMAMomentum", "Nesterov", "QHM", "PowerSign", "AddSign", "Rprop", "SignSGD", "Signum", "Lion",
    "AdaGrad", "RMSProp", "RMSPropMomentum", "Adam", "AdamW", "AMSGrad", "NAdam", "RAdam", "AdaMax", "AdaDelta",
    "ASGD", "AggMo", "Adam8bit", "Tiger",
]
REDUCTIONS = [
    "Gravity", "LionL2", "LionLp", "AdaptiveBraking", "Fromage", "SWATS", "FAdam", "StableAdamW", "NovoGrad", "CLion",
    "CAdamW", "Amos", "LAMB", "LARS", "LARSOptax", "AuON", "SGDSaI", "AdafactorVector", "AdaShift", "LionRows",
    "AdamP", "SGDP", "Adafactor", "CAME", "SM3",
]
GLOBAL = [
    "HypergradientSGD", "HypergradientAdam", "AdaGradNorm", "AvaGrad", "DAdaptAdam", "Prodigy", "DoWG", "DoG",
    "DAdaptSGD", "GSM",
]
MATRICES = [
    "Muon", "MuonTorch", "MuonOptax", "MuonAdamW", "NorMuon", "HybridAuON", "Shampoo", "SOAP", "GaLore", "GaLoreOptax",
    "SNSM", "SNSMOfficial", "SubsetNormAdamW", "DGC", "SparseMomentum", "Frugal", "LionTopK", "OneBitAdam", "MFACByTensor",
]
KINDS = {"elementwise": ELEMENTWISE, "reductions": REDUCTIONS, "global": GLOBAL, "matrices": MATRICES}


#: Which take matrices alone.
MATRICES_ALONE = {"Muon", "MuonTorch", "MuonOptax", "NorMuon", "HybridAuON", "SubsetNormAdamW"}


def network(seed=0, dtype=None, rule=None):
    torch.manual_seed(seed)
    bias = rule not in MATRICES_ALONE
    model = torch.nn.Sequential(torch.nn.Linear(8, 16, bias), torch.nn.Tanh(), torch.nn.Linear(16, 4, bias))
    return model.to(dtype or torch.float32)


def gradients(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        p.grad = torch.randn(p.shape, generator=generator).to(p.dtype)


def run(optimizer, model, steps, first=0):
    for k in range(first, first + steps):
        gradients(model, k)
        optimizer.step()


def named(model):
    return [(name.replace(".", "_"), p) for name, p in model.named_parameters()]


def distance(a, b):
    return max((p - q).abs().max().item() for p, q in zip(a.parameters(), b.parameters()))


def every(*kinds):
    """A test of each rule of these kinds; of all without."""

    def made(body):
        def test(self):
            for kind, rules in KINDS.items():
                for rule in rules if not kinds or kind in kinds else []:
                    with self.subTest(rule=rule):
                        body(self, rule, getattr(ravine.torch, rule))

        return test

    return made
