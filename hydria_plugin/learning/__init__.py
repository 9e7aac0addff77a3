"""What training needs: records, independent events, splits, the shelf of models, and the training itself."""
