"""Hearts in an apical view: parametric ones, their outline, the endocardium, and hearts reshaped or contracted."""
