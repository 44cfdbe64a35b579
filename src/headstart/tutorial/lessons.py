"""The sections of the tutorial, and the figures that it published.

The tutorial is a widely followed course on deep learning with Keras and TensorFlow.
"""

TABLE = {
    "data": (
        "The trial: the data",
        "2,100 people of 13 to 100 years took a drug; half are under 65. About 95% of the older "
        "had side effects, about 95% of the younger had none. The tutorial draws them by chance, "
        "and so does this page, with a seed of its own.",
    ),
    "scaling": (
        "The trial: scaling",
        "Ages become numbers from 0 to 1. The tutorial fits its scaler to the training people, "
        "and then once more to the test people; here it is fitted once and kept in the bundle.",
    ),
    "network": (
        "The trial: the network",
        "Two hidden layers of 16 and 32 with ReLU, then a softmax over two classes.",
    ),
    "training": (
        "The trial: training",
        "Adam with rate 0.0001, batches of 10, 30 epochs, on all 2,100 people.",
    ),
    "validation_share": (
        "The trial: validation, by a share",
        "A tenth of them is kept from training. Keras takes the last tenth of the rows as they "
        "stand; here it is drawn, class by class.",
    ),
    "validation_file": (
        "The trial: validation, by a file",
        "Other people validate, from a file of their own.",
    ),
    "prediction": (
        "The trial: predictions",
        "What the trained network says of the 420 test people, and of those of 40 to 100 alone: "
        "with the scaling that it was trained with, and with one that is fitted anew to them.",
    ),
    "matrix": (
        "The trial: the confusion matrix",
        "How many of the test people were named as what they are, by class.",
    ),
    "saving": (
        "The trial: saving and loading",
        "The whole model, its architecture alone, its weights alone. Here each file is "
        "loaded again by plain Keras and compared before it is handed over.",
    ),
}
"""Those on a table, by what does it: title, and what is done; in the order of the tutorial."""

TRIAL_MATRIX = ((198, 12), (10, 200))
"""Of no_side_effects and had_side_effects."""

PHOTOS = {
    "cats_dogs_photos": (
        "Cats and dogs: the photos",
        "25,000 photos come in one folder, named cat.0.jpg and so on; some of each class "
        "are drawn into a training, a validation and a test set. Here nothing is moved.",
    ),
    "small_network": (
        "A small network from nothing",
        "Two convolutions, each with pooling, then a softmax, trained on cats and dogs.",
    ),
    "vgg16": (
        "VGG16 with a new last layer",
        "The 1,000 classes of ImageNet give way to two; all other layers stay as they "
        "are. Here those run once for each photo, not once for each photo and epoch.",
    ),
    "cats_dogs_default": (
        "Cats and dogs with no option at all",
        "What the tool does by itself, beside the tutorial's VGG16.",
    ),
    "name_photos": (
        "MobileNet as it comes",
        "It names what is on a photo by ImageNet's 1,000 classes, without training.",
    ),
    "sign_digits_photos": (
        "Sign digits: the photos",
        "Hands that show the digits 0 to 9: of each class 30 photos to validate, 5 to "
        "test, all others to train.",
    ),
    "mobilenet": (
        "MobileNet with its last 23 layers trained",
        "Its top gives way to a softmax for ten digits. Here what stands below the 23 "
        "layers runs once for each photo.",
    ),
    "sign_digits_default": (
        "Sign digits with no option at all",
        "What the tool does by itself, beside the tutorial's MobileNet.",
    ),
    "augmentation": (
        "Augmentation",
        "Random views of a photo: turned, moved, slanted, zoomed, mirrored, in other colours.",
    ),
}
"""Those on photos, which come after it."""

TOP = {
    "lizard": ("American chameleon", 0.652747),
    "espresso": ("espresso", 0.97666264),
    "strawberry": ("strawberry", 0.99999344),
}
SMALL_MATRIX = ((34, 66), (10, 90))
VGG16_MATRIX = ((97, 3), (0, 100))
