"""Truthloop behind a service that predicts with FastAPI and a PyTorch-style model.

Run: pip install fastapi uvicorn python-multipart, then TRUTHLOOP_KEY=... uvicorn example_fastapi:app --port 9000
"""

import os

from fastapi import FastAPI, UploadFile

from model import predict  # yours: bytes -> {class: probability}

from truthloop import Truthloop

app = FastAPI()
truthloop = Truthloop("http://127.0.0.1:5000", os.environ["TRUTHLOOP_KEY"], model_version="pets-7")


@app.post("/predict")
async def classify(file: UploadFile) -> dict:
    image = await file.read()
    probabilities = predict(image)
    truthloop.report(probabilities=probabilities, image=image)
    return probabilities
