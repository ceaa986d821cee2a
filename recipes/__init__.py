"""One script per task of a lesson: data, model, optimiser, fit, report, top to bottom."""

LESSONS = {  # session -> what the lesson is about
    1: "Channels, kernels, receptive fields",
    2: "First networks",
    2.5: "Two inputs, two outputs",
    3: "Backpropagation, softmax, MNIST under 20,000 parameters",
    4: "Architectures step by step, MNIST under 8,000 parameters",
    5: "Normalization and regularization",
    6: "Kinds of convolution, augmentation",
    7: "Training policies, explanations, ResNets",
    8: "One cycle, Inception, a ResNet in minutes",
    9: "Embeddings, attention, spatial transformers",
    10: "Vision transformers, ConvMixer, detection",
    11: "BERT, GPT, CLIP",
}
