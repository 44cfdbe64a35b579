"""The sections of the tutorial, and the figures that it published."""

LESSONS = {
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
    "saving": (
        "Saving and loading",
        "The whole model, its architecture alone, its weights alone. Here each file is "
        "loaded again by plain Keras and compared before it is handed over.",
    ),
}
"""By what does it: title, and what is done; in the order of the tutorial."""

TOP = {
    "lizard": ("American chameleon", 0.652747),
    "espresso": ("espresso", 0.97666264),
    "strawberry": ("strawberry", 0.99999344),
}
SMALL_MATRIX = ((34, 66), (10, 90))
VGG16_MATRIX = ((97, 3), (0, 100))
