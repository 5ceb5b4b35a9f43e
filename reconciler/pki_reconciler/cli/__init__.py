"""charter follows"""
