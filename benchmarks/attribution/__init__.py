"""Attribution against what is known by construction, and against captum and shap."""
