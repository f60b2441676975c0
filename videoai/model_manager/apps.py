from django.apps import AppConfig


class ModelManagerConfig(AppConfig):
    name = "videoai.model_manager"
    label = "model_manager"
    verbose_name = "ModelManager"
