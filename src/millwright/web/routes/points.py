"""Measured points and data: predict, validate, calibrate, profile."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from millwright.web.routes import examples
from millwright.web.routes.jobs import Wait, submitted_or_done
from millwright.web.routes.plans import LATER
from millwright.web.routes.shared import Given, Who
from millwright.web.work.points import CalibrateRequest, DataRequest, PredictRequest, ValidateRequest

router = APIRouter(tags=["points"])


@router.post("/predictions", response_model=None, responses=LATER)
async def predict(
    asked: Annotated[PredictRequest, Body(openapi_examples=examples.POINTS)], given: Given, who: Who, wait: Wait = 0
) -> Response:
    """Predict serving points (`millwright predict`): the same rows, with predictions and 80 % intervals."""
    return await submitted_or_done(given, who, "predict", asked, wait)


@router.post("/validations", response_model=None, responses=LATER)
async def validate(
    asked: Annotated[ValidateRequest, Body(openapi_examples=examples.POINTS)], given: Given, who: Who, wait: Wait = 0
) -> Response:
    """Predict measured points and say how far off (`millwright validate`)."""
    return await submitted_or_done(given, who, "validate", asked, wait)


@router.post("/calibrations", response_model=None, responses=LATER)
async def calibrate(
    asked: Annotated[CalibrateRequest, Body(openapi_examples=examples.CALIBRATE)],
    given: Given,
    who: Who,
    wait: Wait = 0,
) -> Response:
    """Fit corrections to points of one's own (`millwright calibrate`); save the result in the library to use it."""
    return await submitted_or_done(given, who, "calibrate", asked, wait)


@router.post("/data-profiles", response_model=None, responses=LATER)
async def profile_data(
    asked: Annotated[DataRequest, Body(openapi_examples=examples.DATA)], given: Given, who: Who, wait: Wait = 0
) -> Response:
    """Profile a prompt log or documents (`millwright data`)."""
    return await submitted_or_done(given, who, "data", asked, wait)
