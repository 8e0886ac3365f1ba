"""/api/v1, to read: what the tables hold of a run and its parents, page by page, the newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from tradeworthy.store.listings import Listings
from tradeworthy.web.api.asked import page, rows
from tradeworthy.web.api.asking import (
    CandidatesAsked,
    CountersAsked,
    DecisionsAsked,
    EquityAsked,
    OpportunitiesAsked,
    OrdersAsked,
    PageAsked,
    RunAsked,
    TradesAsked,
)
from tradeworthy.web.api.models import (
    CandidateShown,
    DecisionShown,
    OpportunityShown,
    OrderShown,
    Page,
    Position,
    Rows,
    TradeShown,
)
from tradeworthy.web.api.refusals import documented
from tradeworthy.web.api.run_models import AlertShown, CounterShown, EquityPoint, PostureShown
from tradeworthy.web.entry.access import reader

router = APIRouter(
    prefix="/api/v1", tags=["resources"], dependencies=[Depends(reader)], responses=documented()
)


@router.get("/positions", response_model=Rows[Position])
async def positions(request: Request, asked: Annotated[RunAsked, Query()]) -> Response:
    """What is held now, by desk and position."""
    return await rows(request, asked.run, Rows[Position], lambda one: one.listings.positions())


@router.get("/orders", response_model=Page[OrderShown])
async def orders(request: Request, asked: Annotated[OrdersAsked, Query()]) -> Response:
    """Orders with what filled of them."""
    return await page(request, asked, Page[OrderShown], Listings.orders)


@router.get("/trades", response_model=Page[TradeShown])
async def trades(request: Request, asked: Annotated[TradesAsked, Query()]) -> Response:
    """Trades by when they were opened.

    Of status rejected or cancelled they are the requests that never became a trade, and are in no total.
    """
    return await page(request, asked, Page[TradeShown], Listings.trades)


@router.get("/candidates", response_model=Page[CandidateShown])
async def candidates(request: Request, asked: Annotated[CandidatesAsked, Query()]) -> Response:
    """What the desks thought of doing, and how each ended."""
    return await page(request, asked, Page[CandidateShown], Listings.candidates)


@router.get("/decisions", response_model=Page[DecisionShown])
async def decisions(request: Request, asked: Annotated[DecisionsAsked, Query()]) -> Response:
    """What risk said of candidates, with every figure and its limit."""
    return await page(request, asked, Page[DecisionShown], Listings.decisions)


@router.get("/opportunities", response_model=Page[OpportunityShown])
async def opportunities(request: Request, asked: Annotated[OpportunitiesAsked, Query()]) -> Response:
    """Gaps that were found, how long they lasted, and what was made of them."""
    return await page(request, asked, Page[OpportunityShown], Listings.opportunities)


@router.get("/alerts", response_model=Page[AlertShown])
async def alerts(request: Request, asked: Annotated[PageAsked, Query()]) -> Response:
    """What people were told of."""
    return await page(request, asked, Page[AlertShown], Listings.alerts)


@router.get("/posture", response_model=Page[PostureShown])
async def posture(request: Request, asked: Annotated[PageAsked, Query()]) -> Response:
    """Changes of the posture; without any it was APEX all along."""
    return await page(request, asked, Page[PostureShown], Listings.posture)


@router.get("/counters", response_model=Rows[CounterShown])
async def counters(request: Request, asked: Annotated[CountersAsked, Query()]) -> Response:
    """Turns without a candidate, by hour, desk and reason, the newest hour first."""
    return await rows(
        request,
        asked.run,
        Rows[CounterShown],
        lambda one: one.listings.counters(limit=asked.limit, **asked.filters()),
    )


@router.get("/equity", response_model=Rows[EquityPoint])
async def equity(request: Request, asked: Annotated[EquityAsked, Query()]) -> Response:
    """The account as it was marked, the oldest first; of more than `points` each part of the time has its last."""
    return await rows(
        request, asked.run, Rows[EquityPoint], lambda one: one.listings.equity(**asked.filters())
    )
