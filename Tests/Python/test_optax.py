"""Rules as transformations of optax."""

import unittest

try:
    import os

    # Two devices, for sharding; read when JAX is first imported.
    os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    import jax
    import jax.numpy as jnp
    import optax
except ImportError:
    jax = None

import ravine

if jax is not None:
    import ravine.optax

RULES = [
    "SGD", "HeavyBall", "Nesterov", "Signum", "Lion", "AdaGrad", "RMSProp", "Adam", "AdamW", "AMSGrad", "NAdam", "RAdam",
    "AdaMax", "AdaDelta", "ASGD", "Tiger", "Adam8bit", "Fromage", "LAMB", "LARS", "StableAdamW", "NovoGrad", "CAdamW", "Adafactor",
    "CAME", "SM3", "Prodigy", "DoG", "AdaGradNorm", "DAdaptAdam", "MuonAdamW", "Shampoo", "SOAP", "GaLore", "ScheduleFreeAdamW",
]


def parameters(dtype="float32"):
    return {"a": jnp.ones((4, 3), dtype), "b": {"c": jnp.arange(5.0).astype(dtype)}}


def gradients(k, params):
    return jax.tree.map(lambda w: jnp.sin(w.astype("float32") * 3 + k).astype(w.dtype), params)


def run(optimizer, params, steps=4, **extra):
    @jax.jit
    def step(k, params, state):
        updates, state = optimizer.update(gradients(k, params), state, params, **extra)
        return optax.apply_updates(params, updates), state

    state = optimizer.init(params)
    for k in range(steps):
        params, state = step(k, params, state)
    return params, state, step


def distance(a, b):
    return max(float(jnp.abs(x.astype("float32") - y.astype("float32")).max()) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b)))


@unittest.skipUnless(jax, "JAX and optax are not here")
class Optax(unittest.TestCase):
    def test_optaxs_own_rules_take_optaxs_steps(self):
        for name, theirs, values in [
            ("SGD", optax.sgd(0.1), {"lr": 0.1}),
            ("AdamW", optax.adamw(1e-2, weight_decay=0.1), {"lr": 1e-2, "weight_decay": 0.1}),
            ("Adam", optax.adam(1e-2), {"lr": 1e-2}),
            ("Lion", optax.lion(1e-2, b2=0.99, weight_decay=0.1), {"lr": 1e-2, "weight_decay": 0.1}),
            ("AMSGradOptax", optax.amsgrad(1e-2), {"lr": 1e-2}),
            ("RpropOptax", optax.rprop(1e-2), {"lr": 1e-2}),
        ]:
            with self.subTest(rule=name):
                ours, _, _ = run(ravine.optax.transform(name, **values), parameters())
                other, _, _ = run(theirs, parameters())
                self.assertLess(distance(ours, other), 1e-5)

    def test_the_steps_are_the_rules(self):
        import numpy

        for name in RULES:
            with self.subTest(rule=name):
                params = parameters()
                ours, state, step = run(ravine.optax.transform(name, lr=0.01), params)
                self.assertEqual(int(state.count), 4)
                self.assertEqual(step._cache_size(), 1)
                arrays = {"a": numpy.ones((4, 3), "float32"), "b/c": numpy.arange(5, dtype="float32")}
                optimizer = ravine.Rule(name, lr=0.01).bind(arrays)
                for k in range(4):
                    given = gradients(k, {one: jnp.asarray(x) for one, x in arrays.items()})
                    optimizer.step({one: numpy.asarray(x) for one, x in given.items()})
                found = {"a": ours["a"], "b/c": ours["b"]["c"]}
                for one, x in arrays.items():
                    numpy.testing.assert_allclose(found[one], x, rtol=2e-4, atol=2e-4)

    def test_whole_steps(self):
        for name in ("Lion", "AdamW", "Prodigy", "MuonAdamW", "CAdamW", "ScheduleFreeAdamW"):
            with self.subTest(rule=name):
                optimizer = ravine.optax.transform(name, lr=0.01)
                wanted, after, _ = run(optimizer, parameters())
                step = jax.jit(optimizer.step, donate_argnums=(0, 1))
                params, state = parameters(), optimizer.init(parameters())
                for k in range(4):
                    params, state = step(params, state, gradients(k, params))
                self.assertLess(distance(params, wanted), 1e-5)
                self.assertEqual(jax.tree.structure(state), jax.tree.structure(after))
        # In place: nothing is copied of what is given away.
        optimizer = ravine.optax.transform("Lion")
        step = jax.jit(optimizer.step, donate_argnums=(0, 1))
        params = jnp.ones(1000)
        state = optimizer.init(params)
        places = params.unsafe_buffer_pointer(), state.states["m"].unsafe_buffer_pointer()
        params, state = step(params, state, jnp.ones(1000))
        self.assertEqual((params.unsafe_buffer_pointer(), state.states["m"].unsafe_buffer_pointer()), places)
        text = step.lower(params, state, params).compile().as_text()
        self.assertNotIn(" copy(", text)

    def test_operations_of_jax_take_the_same_steps(self):
        for name in RULES:
            with self.subTest(rule=name):
                # What one gradient of few columns gives SOAP for a basis is not unique.
                if name == "SOAP":
                    continue
                native = ravine.optax.transform(name, lr=0.01)
                try:
                    other = ravine.optax.transform(name, lr=0.01, engine="jax")
                    params, state = parameters(), other.init(parameters())
                    mine, own = parameters(), native.init(parameters())
                    for k in range(3):
                        # The same for both: through decompositions what differs by rounding would grow tenfold a step.
                        slopes = gradients(k, params)
                        updates, state = other.update(slopes, state, params)
                        params = optax.apply_updates(params, updates)
                        updates, own = native.update(slopes, own, mine)
                        mine = optax.apply_updates(mine, updates)
                except ravine.ProgramError as error:
                    self.assertEqual(error.code, "R0860")
                    continue
                self.assertLess(distance(params, mine), 1e-4)
                self.assertEqual(jax.tree.structure(state), jax.tree.structure(own))

    def test_hyperparameters_that_are_injected_or_scheduled(self):
        for name in ("Lion", "AdamW", "Tiger", "Prodigy"):
            with self.subTest(rule=name):
                injected = optax.inject_hyperparams(getattr(ravine.optax, name))(lr=0.5)
                params = parameters()
                state = injected.init(params)
                state.hyperparams["lr"] = jnp.asarray(0.01)
                updates, state = jax.jit(injected.update)(gradients(0, params), state, params)
                plain = ravine.optax.transform(name, lr=0.01)
                wanted, _ = plain.update(gradients(0, params), plain.init(params), params)
                self.assertLess(distance(updates, wanted), 1e-6)
        square = {"a": jnp.eye(3)}
        injected = optax.inject_hyperparams(ravine.optax.Muon, static_args=("steps",))(lr=0.01)
        jax.jit(injected.update)(square, injected.init(square), square)
        # What decides shapes is left to the rule, and given it must be static.
        for plain in (ravine.optax.Muon, ravine.optax.Adam8bit):
            injected = optax.inject_hyperparams(plain)(lr=0.01)
            jax.jit(injected.update)(square, injected.init(square), square)
        injected = optax.inject_hyperparams(ravine.optax.Muon)(lr=0.01, steps=3)
        with self.assertRaisesRegex(ravine.UsageError, r"static_args=\('steps',\)"):
            jax.jit(injected.update)(square, injected.init(square), square)
        ours, _, _ = run(ravine.optax.transform("AdamW", lr=optax.linear_schedule(0.1, 0.0, 4)), parameters())
        theirs, _, _ = run(optax.adamw(optax.linear_schedule(0.1, 0.0, 4), weight_decay=0.01), parameters())
        self.assertLess(distance(ours, theirs), 1e-5)

    def test_around_it(self):
        optimizer = optax.chain(optax.clip_by_global_norm(1.0), ravine.optax.transform("AdamW", lr=0.01))
        theirs = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(0.01, weight_decay=0.01))
        self.assertLess(distance(run(optimizer, parameters())[0], run(theirs, parameters())[0]), 1e-5)
        optimizer = optax.MultiSteps(ravine.optax.transform("Adam", lr=0.01), 2)
        theirs = optax.MultiSteps(optax.adam(0.01), 2)
        self.assertLess(distance(run(optimizer, parameters())[0], run(theirs, parameters())[0]), 1e-5)
        optimizer = optax.masked(ravine.optax.transform("Adam", lr=0.01), {"a": True, "b": {"c": False}})
        run(optimizer, parameters())
        optimizer = optax.partition(
            {"x": ravine.optax.transform("Adam", lr=0.01), "y": optax.sgd(0.1)}, {"a": "x", "b": {"c": "y"}}
        )
        run(optimizer, parameters())

    def test_shapes_before_arrays(self):
        optimizer = ravine.optax.transform("Prodigy", lr=0.01)
        params = parameters()
        shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), params)
        state, made = optimizer.init(shapes), optimizer.init(params)
        self.assertEqual(jax.tree.structure(state), jax.tree.structure(made))
        self.assertEqual(jax.tree.map(lambda x: x.shape, state), jax.tree.map(lambda x: x.shape, made))
        specs = {"a": 1, "b": {"c": 2}}
        mapped = optax.tree_utils.tree_map_params(
            ravine.optax.transform("AdamW"), lambda _, spec: spec, ravine.optax.transform("AdamW").init(params), specs,
            transform_non_params=lambda _: None,
        )
        self.assertEqual(mapped.states["m"], specs)

    def test_conditions_loops_and_axes(self):
        optimizer = ravine.optax.transform("AdamW", lr=0.01)
        params = parameters()
        state = optimizer.init(params)

        @jax.jit
        def maybe(flag, params, state):
            return jax.lax.cond(
                flag, lambda: optimizer.update(gradients(0, params), state, params), lambda: (gradients(0, params), state)
            )

        updates, after = maybe(True, params, state)
        self.assertEqual(int(after.count), 1)
        self.assertEqual(jax.tree.map(lambda x: (x.shape, x.dtype), after), jax.tree.map(lambda x: (x.shape, x.dtype), state))

        def body(carry, k):
            params, state = carry
            updates, state = optimizer.update(gradients(k, params), state, params)
            return (optax.apply_updates(params, updates), state), None

        (scanned, _), _ = jax.lax.scan(body, (params, state), jnp.arange(4))
        self.assertLess(distance(scanned, run(optimizer, params)[0]), 1e-6)

        many = jax.tree.map(lambda x: jnp.stack([x, 2 * x, 3 * x]), params)

        def one(params):
            state = optimizer.init(params)
            updates, _ = optimizer.update(gradients(1, params), state, params)
            return optax.apply_updates(params, updates)

        together = jax.vmap(one)(many)
        for k in range(3):
            alone = one(jax.tree.map(lambda x: x[k], many))
            self.assertLess(distance(jax.tree.map(lambda x: x[k], together), alone), 1e-6)

    def test_types_of_numbers(self):
        for dtype in ("bfloat16", "float16"):
            params = parameters(dtype)
            found, state, _ = run(ravine.optax.transform("AdamW", lr=0.01), params)
            self.assertEqual(jax.tree.leaves(found)[0].dtype, dtype)
            wanted, _, _ = run(ravine.optax.transform("AdamW", lr=0.01), parameters())
            self.assertLess(distance(found, wanted), 0.06)

    def test_rules_that_read_more(self):
        params = parameters()
        optimizer = ravine.optax.transform("PolyakSGD")
        found, _, _ = run(optimizer, params, value=jnp.float32(0.1))
        self.assertGreater(distance(found, params), 0)
        with self.assertRaisesRegex(ravine.UsageError, "reads the loss"):
            optimizer.update(gradients(0, params), optimizer.init(params), params)
        optimizer = ravine.optax.transform("AdaHessian", lr=0.1)
        found, _, _ = run(optimizer, params, hessian_diagonal=params)
        self.assertGreater(distance(found, params), 0)
        with self.assertRaisesRegex(ravine.UsageError, "hessian_diagonal"):
            optimizer.update(gradients(0, params), optimizer.init(params), params)
        with self.assertRaisesRegex(ravine.UsageError, "other points"):
            ravine.optax.transform("MeZO")
        # An argument that another transformation reads is no matter.
        found, _, _ = run(ravine.optax.transform("Adam"), params, value=jnp.float32(1), other=3)

    def test_bad_input(self):
        params = parameters()
        optimizer = ravine.optax.transform("Adam")
        with self.assertRaises(ValueError):
            optimizer.update(gradients(0, params), optimizer.init(params))
        with self.assertRaisesRegex(ravine.UsageError, "int32"):
            optimizer.init({"a": jnp.arange(3)})
        with self.assertRaisesRegex(ravine.UsageError, "the gradient of `a`"):
            optimizer.update(
                {"a": jnp.ones((4, 3), "bfloat16"), "b": params["b"]}, optimizer.init(params), params
            )
        with self.assertRaisesRegex(ravine.UsageError, "did you mean"):
            ravine.optax.transform("Adam", lrr=0.1)
        with self.assertRaisesRegex(ravine.UsageError, r"in \[0, 1\)"):
            ravine.optax.transform("Adam", beta1=1.5)
        with self.assertRaisesRegex(Exception, "R09"):
            made = ravine.optax.transform("rule S(lr = 0.1) { w' = w - lr * solve(g @ g.T, w) }")
            square = {"a": jnp.eye(3)}
            jax.block_until_ready(made.update({"a": jnp.zeros((3, 3))}, made.init(square), square))

    def test_states_and_gradients_of_something_else(self):
        params = parameters()
        optimizer = ravine.optax.transform("AdamW")
        state = optimizer.init(params)
        small = jax.tree.map(lambda w: w[:2], params)
        for updates, other, words in (
            (params, ravine.optax.transform("Lion").init(params), "the states are m, and those of `AdamW` m, v"),
            (params, optax.adam(0.1).init(params), "what `AdamW` made"),
            (params, optimizer.init(small), r"`m` of `a` is \(2, 3\)"),
            (params, optimizer.init({"a": params["a"]}), "no tree"),
            (params, state._replace(states=jax.tree.map(lambda x: x.astype("bfloat16"), state.states)), "bfloat16"),
            ({"a": params["a"]}, state, "no tree"), ({"a": None, "b": {"c": None}}, state, "is None"),
        ):
            for act in (optimizer.update, jax.jit(optimizer.update)):
                with self.assertRaisesRegex(ravine.UsageError, words):
                    act(updates, other, params)
            with self.assertRaisesRegex(ravine.UsageError, words):
                optimizer.step(params, other, updates)
        loss = ravine.optax.transform("PolyakSGD")
        for value in (jnp.ones(2), "x"):
            with self.assertRaisesRegex(ravine.UsageError, "the loss is no number"):
                loss.update(params, loss.init(params), params, value=value)
        for rate in (jnp.nan, -1.0):
            with self.assertRaisesRegex(ravine.UsageError, "`lr` of `SGD`"):
                ravine.optax.transform("SGD", lr=rate)
            made = ravine.optax.transform("SGD", lr=lambda count: jnp.float32(rate))
            with self.assertRaisesRegex(Exception, "R0507"):
                jax.block_until_ready(made.update(params, made.init(params), params))

    def test_parameters_without_axes_or_elements(self):
        import numpy

        params = {"a": jnp.ones((0, 3)), "s": jnp.float32(2.0), "v": numpy.ones(1), "n": None}
        for name, theirs in (("AdamW", optax.adamw(0.01, weight_decay=0.01)), ("Lion", optax.lion(0.01, weight_decay=0.01))):
            values = {"lr": 0.01, "weight_decay": 0.01}
            ours, state, _ = run(ravine.optax.transform(name, **values), params)
            wanted, _, _ = run(theirs, jax.tree.map(jnp.asarray, params))
            for one in ("s", "v"):
                self.assertAlmostEqual(float(ours[one].sum()), float(wanted[one].sum()), places=5)
            self.assertEqual(state.states["m"]["s"].shape, ())
            self.assertNotEqual(float(state.states["m"]["s"]), 0)

    def test_sharded_parameters(self):
        devices = jax.devices()
        if len(devices) < 2:
            self.skipTest("one device")
        mesh = jax.sharding.Mesh(devices[:2], ("x",))
        place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))
        for name in ("AdamW", "LAMB", "MuonAdamW"):
            with self.subTest(rule=name):
                optimizer = ravine.optax.transform(name, lr=0.01)
                params = {"a": jnp.ones((4, 3)), "b": jnp.arange(8.0)}
                spread = jax.device_put(params, place)
                found, state, _ = run(optimizer, spread)
                wanted, _, _ = run(optimizer, params)
                self.assertLess(distance(found, wanted), 1e-6)

    def test_elementwise_rules_step_shards(self):
        devices = jax.devices()
        if len(devices) < 2:
            self.skipTest("one device")
        mesh = jax.sharding.Mesh(devices[:2], ("x",))
        rows, columns, alone = (
            jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*one)) for one in (("x",), (None, "x"), ())
        )
        for name in ("SGD", "AdamW", "Lion", "RMSProp", "AMSGrad"):
            with self.subTest(rule=name):
                optimizer = ravine.optax.transform(name, lr=0.01)
                params = {"a": jnp.ones((4, 6)), "b": jnp.arange(8.0), "c": jnp.arange(6.0).reshape(3, 2), "d": jnp.ones(())}
                places = {"a": columns, "b": rows, "c": alone, "d": alone}
                spread = jax.tree.map(jax.device_put, params, places)
                for step in (optimizer.update, lambda g, state, w: optimizer.step(w, state, g)):
                    together = jax.jit(step)
                    w, u, state, other = spread, params, optimizer.init(spread), optimizer.init(params)
                    for k in range(3):
                        # Compiled once, and once more for a count of several devices.
                        w, state = together(gradients(k, w), state, w)
                        u, other = together(gradients(k, u), other, u)
                        for tree in [w, *state.states.values()]:
                            for one in places:
                                self.assertTrue(tree[one].sharding.is_equivalent_to(places[one], tree[one].ndim), one)
                    self.assertEqual(distance((w, state.states), (u, other.states)), 0)
                    text = together.lower(w, state, w).compile().as_text()
                    self.assertNotIn("all-gather", text)
    def test_shardings_that_are_part_of_types(self):
        devices = jax.devices()
        if len(devices) < 2:
            self.skipTest("one device")
        mesh = jax.make_mesh((2,), ("x",), axis_types=(jax.sharding.AxisType.Explicit,))
        with jax.set_mesh(mesh):
            for name in ("AdamW", "LAMB", "ScheduleFreeAdamW"):
                with self.subTest(rule=name):
                    params = {"a": jnp.ones((4, 6), out_sharding=jax.P(None, "x")), "b": jnp.ones(8, out_sharding=jax.P("x"))}
                    optimizer = ravine.optax.transform(name, lr=0.01)
                    state = optimizer.init(params)
                    updates, after = jax.jit(optimizer.update)(params, state, params)
                    self.assertEqual(jax.tree.map(jax.typeof, updates), jax.tree.map(jax.typeof, params))
                    self.assertEqual(jax.tree.map(jax.typeof, after), jax.tree.map(jax.typeof, state))
                    for tree in after.states.values():
                        self.assertEqual(jax.tree.map(jax.typeof, tree), jax.tree.map(jax.typeof, params))


if __name__ == "__main__":
    unittest.main()
