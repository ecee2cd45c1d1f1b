"""Two small networks, in Ravine and in PyTorch, of which bench_peers.py compares the training steps."""

# Small networks on the digits that come along, with as many channels and columns as people take on a processor.
NETWORKS = {
    "kernels": """objective net(; x, y) {
    param A: tensor(3, 3, 1, 32) = normal() * sqrt(2 / 9)
    param a: vector(32) = 0
    param B: tensor(3, 3, 32, 64) = normal() * sqrt(2 / 288)
    param b: vector(64) = 0
    param V: matrix(256, 10) = normal() * sqrt(1 / 256)
    image = reshape(x, batch, 8, 8, 1)
    h = max_pool(relu(conv2d(image, A, pad = 1) + a), 2)
    z = max_pool(relu(conv2d(h, B, pad = 1) + b), 2)
    loss = cross_entropy(reshape(z, batch, 256) @ V, y)
}
""",
    "attention": """objective net(; x, y) {
    param E: matrix(8, 128) = normal() * sqrt(1 / 8)
    param P: matrix(8, 128) = normal() * 0.3
    param Q: matrix(128, 128) = normal() * sqrt(1 / 128)
    param K: matrix(128, 128) = normal() * sqrt(1 / 128)
    param O: matrix(128, 128) = normal() * sqrt(1 / 128)
    param V: matrix(1024, 10) = normal() * sqrt(1 / 1024)
    tokens = reshape(x, batch, 8, 8) @ E + P
    score = (tokens @ Q) @ (tokens @ K).T / sqrt(128)
    z = layer_norm(tokens + softmax(score) @ (tokens @ O), 1, 0)
    loss = cross_entropy(relu(reshape(z, batch, 1024)) @ V, y)
}
""",
}


def network_step(name, threads):
    """The same network in PyTorch: a batch of 64 rows drawn, the loss, its gradient and a step of Adam."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x, y = torch.rand(1500, 64), torch.randint(0, 10, (1500,))
    parameter = lambda scale, *dims: torch.nn.Parameter(torch.randn(dims) * scale)
    if name == "kernels":
        A, a, B, b, V = (
            parameter(0.47, 32, 1, 3, 3), parameter(0, 32), parameter(0.083, 64, 32, 3, 3), parameter(0, 64),
            parameter(0.063, 256, 10))
        parameters = [A, a, B, b, V]

        def logits(rows):
            h = F.max_pool2d(F.relu(F.conv2d(rows.view(-1, 1, 8, 8), A, a, padding=1)), 2)
            return F.max_pool2d(F.relu(F.conv2d(h, B, b, padding=1)), 2).reshape(-1, 256) @ V
    else:
        E, P, V = parameter(0.35, 8, 128), parameter(0.3, 8, 128), parameter(0.03, 1024, 10)
        Q, K, O = (parameter(0.088, 128, 128) for _ in range(3))
        parameters = [E, P, Q, K, O, V]

        def logits(rows):
            tokens = rows.view(-1, 8, 8) @ E + P
            score = (tokens @ Q) @ (tokens @ K).transpose(1, 2) / 128**0.5
            z = F.layer_norm(tokens + F.softmax(score, -1) @ (tokens @ O), (128,))
            return F.relu(z.reshape(-1, 1024)) @ V

    optimizer = torch.optim.Adam(parameters, lr=0.01)

    def step():
        rows = torch.randint(0, 1500, (64,))
        optimizer.zero_grad()
        F.cross_entropy(logits(x[rows]), y[rows]).backward()
        optimizer.step()

    return step
